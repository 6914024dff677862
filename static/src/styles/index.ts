/** How everything looks, in the order in which later sheets add to earlier ones. */
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "../tokens.css";
import "./base.css";
import "./bar.css";
import "./page.css";
import "./editor.css";
import "./shared.css";
import "./output.css";
import "./graph.css";
import "./profiler.css";
import "./jacobian.css";
import "./training.css";
import "./why.css";
import "./dialogs.css";
import "./embed.css";
import "./contrast.css";
