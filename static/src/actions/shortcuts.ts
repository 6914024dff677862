import { update } from "../store";
import type { Action } from "./action";
import { allowPlainKeys, plainKeysAllowed } from "./keys";

export const shortcuts: Action = {
  name: "shortcuts",
  label: "Show every key",
  key: "?",
  words: "shortcuts keyboard help sheet hotkeys",
  act: () => update({ overlay: "shortcuts" }),
};

/** For those whose words or tremors reach the page as keys they did not mean (WCAG 2.1.4). */
export const plainKeys: Action = {
  name: "shortcuts.plain",
  label: "Switch keys without Ctrl or Alt off or on",
  key: "Alt+K",
  words: "single character shortcuts speech accessibility",
  act: () => {
    allowPlainKeys(!plainKeysAllowed());
    update({
      toast: plainKeysAllowed()
        ? "Keys such as . and / act everywhere again."
        : "Keys such as . and / act no more, but in the diagram itself.",
    });
  },
};

/** Keys that act where the focus is. */
export const LOCAL_KEYS: readonly {
  readonly where: string;
  readonly keys: readonly (readonly [string, string])[];
}[] = [
  {
    where: "In the diagram",
    keys: [
      ["Arrows", "walk along the edges, and sideways"],
      ["Shift+Arrows", "move the picture"],
      ["Enter", "open or close a group; select what is in the middle"],
      ["+ and −", "zoom"],
      ["0", "show everything"],
      ["N and Shift+N", "next and previous match of a search"],
    ],
  },
  {
    where: "In the tree",
    keys: [
      ["↑ and ↓", "previous and next row"],
      ["→ and ←", "open and go in; close and go out"],
      ["Enter", "open or close; follow “from” or “to”"],
      ["*", "open every group beside this one"],
      ["Home and End", "first and last row"],
      ["Letters", "go to what begins with them"],
    ],
  },
  {
    where: "In the blocks",
    keys: [
      ["Arrows", "go to the next block that way; with Shift select it too"],
      ["Alt+Arrows", "move what is selected"],
      ["A", "add a block, connected to this one"],
      ["C", "connect: arrows choose where to, C the next output, Enter connects"],
      ["W", "select this block’s next wire; Delete removes it"],
      ["Enter", "to the settings; open or close what holds others; from code to its line"],
      ["R", "rename"],
      ["Delete", "remove"],
      ["Ctrl+C, Ctrl+X, Ctrl+V", "copy, cut, paste"],
      ["Ctrl+D", "duplicate"],
      ["Ctrl+G", "make what is selected a class; with Shift take one apart"],
      ["Ctrl+Z and Ctrl+Y", "undo, and do again"],
      ["L", "lay the blocks out"],
      ["+, − and 0", "zoom, and show all"],
    ],
  },
  {
    where: "In the expressions",
    keys: [
      ["Enter", "take the line, and go to the next"],
      ["↑ and ↓", "previous and next line; in a number, a step up or down"],
      ["Arrows", "on a slider or a point: a step, with Shift ten"],
      ["← and →", "from point to point, from cell to cell"],
      ["Ctrl+Z", "take the last edit back, a whole drag at once"],
    ],
  },
  {
    where: "In the code",
    keys: [
      ["Esc, then Tab", "leave the editor"],
      ["Ctrl+Space", "complete"],
      ["Ctrl+F", "find"],
    ],
  },
  {
    where: "Elsewhere",
    keys: [
      ["← and →", "change the tab, move the timeline or the line between the panes"],
      ["Home and End", "first and last"],
      ["+, − and 0", "zoom the flame chart, and show all of it"],
    ],
  },
];
