import "./styles";
import { createRoot } from "react-dom/client";
import { actions } from "./actions";
import { listenForKeys } from "./actions/listen";
import { palette } from "./actions/palette";
import "./graph";
import { App } from "./app";
import { boot } from "./boot";
import { Embed, OpenInPlayground } from "./embed";
import { keepAll, openFirst } from "./program";
import { connect } from "./socket";
import { getState, subscribe, update } from "./store";
import { applyTheme } from "./theme";

const root = document.getElementById("app");
if (!root) throw new Error('The page has no <div id="app">.');

applyTheme();
subscribe(() => {
  const title = `${getState().draft.title || "Untitled"} · Autograd playground`;
  if (document.title !== title) document.title = title;
});
openFirst();
if (boot.embed) {
  createRoot(root).render(<Embed aside={<OpenInPlayground />} />);
} else {
  update({ noGpu: boot.devices.cuda.reason });
  connect();
  listenForKeys(actions, palette);
  window.addEventListener("pagehide", keepAll);
  document.addEventListener("visibilitychange", () => document.hidden && keepAll());
  window.addEventListener("popstate", () => location.reload());
  createRoot(root).render(<App />);
}
