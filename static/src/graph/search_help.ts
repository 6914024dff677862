/** What can be asked, as a list to choose from; loaded when it is first opened. */
import { SPECIAL } from "./search_terms";

const EXAMPLES: readonly [string, string][] = [
  ["layer1 relu", "both words, in names, operations, scopes, types"],
  ["grad.norm > 10", "large gradients at this moment; also mean, std, min, max"],
  ["value.zeros > 0.5", "more than half of the elements are zero"],
  ["saturated > 0.9", "an activation that hardly changes any more"],
  ["isnan(value)", "a NaN; also isinf(grad), isfinite(value)"],
  ["shape:(16, *)", "a shape; * is any size"],
  ["dtype:float64", "also op: name: kind: scope: device:"],
  ["line:12-20", "lines of the program"],
  ["not leaf and (cut or view)", "joined with and, or, not and brackets"],
];

/** `use` is called with what was chosen. */
export function searchHelp(use: (query: string) => void): HTMLElement {
  const element = document.createElement("div");
  const row = ([query, says]: readonly [string, string]) => {
    const button = document.createElement("button");
    button.type = "button";
    const code = document.createElement("code");
    code.textContent = query;
    const words = document.createElement("span");
    words.textContent = says;
    button.append(code, words);
    button.addEventListener("click", () => use(query));
    return button;
  };
  const words = Object.entries(SPECIAL).map(([word, { says }]): [string, string] => [word, says]);
  element.append(...EXAMPLES.map(row), ...words.map(row));
  return element;
}
