/** What is needed once one writes: completion, closing brackets, search. It loads when the page has been drawn. */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import type { Extension } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { completion, loadNames } from "./completion";

void loadNames();

export const extras: Extension = [
  closeBrackets(),
  completion,
  highlightSelectionMatches(),
  keymap.of([...closeBracketsKeymap, ...searchKeymap]),
];
