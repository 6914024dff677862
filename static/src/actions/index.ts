/** Every action of the page, in the order a menu shows them. */
import type { Action } from "./action";
import { clear } from "./clear";
import { copyLink } from "./copy_link";
import { download } from "./download";
import { focusEditor } from "./editor";
import { examples } from "./examples";
import { fit, searchGraph, stepBack, stepForward, treeView } from "./graph";
import { nextIteration, previousIteration } from "./iteration";
import { newProgram } from "./new";
import { palette } from "./palette";
import { nextPanel, previousPanel } from "./panels";
import { revert } from "./revert";
import { run } from "./run";
import { share } from "./share";
import { stop } from "./stop";
import { downloads, open, takes } from "./take";
import { contrast, theme, themeSystem } from "./theme";

export const actions: readonly Action[] = [
  run,
  stop,
  newProgram,
  revert,
  examples,
  share,
  copyLink,
  open,
  downloads,
  download,
  ...takes,
  stepForward,
  stepBack,
  treeView,
  fit,
  searchGraph,
  nextIteration,
  previousIteration,
  nextPanel,
  previousPanel,
  focusEditor,
  clear,
  theme,
  themeSystem,
  contrast,
  palette,
];
