/** A session as one file: code, graph, timeline and output, without a server. Nothing can be run here. */
import "../styles";
import { createRoot } from "react-dom/client";
import { clear } from "../actions/clear";
import { fit, focusCard, searchGraph, treeView } from "../actions/graph";
import { nextIteration, previousIteration } from "../actions/iteration";
import { listenForKeys } from "../actions/listen";
import { contrast, theme } from "../actions/theme";
import {
  firstMoment,
  lastMoment,
  nextPart,
  playRun,
  previousPart,
  stepBack,
  stepForward,
} from "../actions/time";
import "../graph";
import { Embed } from "../embed";
import { openFirst } from "../program";
import { getState } from "../store";
import { applyTheme } from "../theme";

const root = document.getElementById("app");
if (!root) throw new Error('The page has no <div id="app">.');

applyTheme();
openFirst();
document.title = `${getState().draft.title || "Untitled"} · Autograd playground`;
listenForKeys([
  stepForward,
  stepBack,
  nextPart,
  previousPart,
  firstMoment,
  lastMoment,
  playRun,
  previousIteration,
  nextIteration,
  treeView,
  fit,
  searchGraph,
  focusCard,
  clear,
  theme,
  contrast,
]);
createRoot(root).render(
  <Embed
    aside={
      <button type="button" className="quiet" title={theme.label} onClick={() => void theme.act()}>
        Light or dark
      </button>
    }
  />,
);
