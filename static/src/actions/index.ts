/** Every action of the page, in the order and the groups in which a menu shows them. */
import type { Action } from "./action";
import { focusBlocks } from "./blocks";
import { clear } from "./clear";
import { copyLink } from "./copy_link";
import { data, downloadData } from "./data";
import { download } from "./download";
import { focusEditor } from "./editor";
import { examples } from "./examples";
import { focusExpression } from "./expression";
import { fit, focusCard, searchGraph, treeView } from "./graph";
import { nextIteration, previousIteration } from "./iteration";
import { newProgram } from "./new";
import { palette } from "./palette";
import { nextPanel, previousPanel } from "./panels";
import { revert } from "./revert";
import { run } from "./run";
import { share } from "./share";
import { plainKeys, shortcuts } from "./shortcuts";
import { stop } from "./stop";
import { downloads, open, takes } from "./take";
import { contrast, theme, themeSystem } from "./theme";
import { firstMoment, lastMoment, nextPart, playRun, previousPart, stepBack, stepForward } from "./time";
import { goOn, hold, keepRun, oneStep } from "./training";

export interface Group {
  readonly title: string;
  readonly actions: readonly Action[];
}

export const groups: readonly Group[] = [
  {
    title: "Program",
    actions: [
      run,
      stop,
      newProgram,
      revert,
      examples,
      share,
      copyLink,
      data,
      open,
      downloads,
      download,
      downloadData,
      ...takes,
    ],
  },
  { title: "Training", actions: [hold, oneStep, goOn, keepRun] },
  {
    title: "Run and graph",
    actions: [
      playRun,
      stepForward,
      stepBack,
      nextPart,
      previousPart,
      firstMoment,
      lastMoment,
      previousIteration,
      nextIteration,
      treeView,
      fit,
      searchGraph,
      focusCard,
      clear,
    ],
  },
  {
    title: "Page",
    actions: [
      nextPanel,
      previousPanel,
      focusEditor,
      focusBlocks,
      focusExpression,
      theme,
      themeSystem,
      contrast,
      palette,
      shortcuts,
      plainKeys,
    ],
  },
];

export const actions: readonly Action[] = groups.flatMap((group) => group.actions);
