/** Every explanation there is, in order of precedence: what is first in the table is said first. */
import type { Answer, Asked, Explanation, Family } from "./answer";
import { FAILED } from "./failed";
import { KEPT, NONE } from "./none";
import { NONFINITE } from "./nonfinite";
import { SIZE } from "./size";
import { SUMS } from "./sums";
import { NEARLY_ZERO, ZERO } from "./zero";

/** To add one: write a function in the file of its family, and put it into that file's table. */
export const TABLE: readonly (readonly [Family, readonly Explanation[]])[] = [
  ["failed", FAILED],
  ["nonfinite", NONFINITE],
  ["none", NONE],
  ["zero", ZERO],
  ["sum", SUMS],
  ["size", SIZE],
  ["zero", NEARLY_ZERO],
  ["none", KEPT],
];

/** What is to be said of a tensor: the reason first, then what else is worth knowing. */
export function explain(asked: Asked, most = 3): readonly Answer[] {
  const found: Answer[] = [];
  for (const [family, explanations] of TABLE) {
    for (const { kind, explain: say } of explanations) {
      const said = say(asked);
      if (!said) continue;
      found.push({ kind, ...said, family });
      // One of a family is enough: the first knows best.
      break;
    }
    if (found.length >= most || found[0]?.family === "failed") break;
  }
  return found;
}
