import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./tokens.css";
import "./styles/base.css";
import "./styles/bar.css";
import "./styles/page.css";
import "./styles/editor.css";
import "./styles/panels.css";
import "./styles/dialogs.css";
import { createRoot } from "react-dom/client";
import { listenForKeys } from "./actions";
import { App } from "./app";
import { keep, openFirst } from "./program";
import { connect } from "./socket";
import { getState } from "./store";
import { applyTheme } from "./theme";

applyTheme();
openFirst();
connect();
listenForKeys(getState);
window.addEventListener("pagehide", keep);
document.addEventListener("visibilitychange", () => document.hidden && keep());
window.addEventListener("popstate", () => location.reload());

const root = document.getElementById("app");
if (!root) throw new Error('The page has no <div id="app">.');
createRoot(root).render(<App />);
