/** The editor's colours and sizes, all from the tokens. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const highlight = HighlightStyle.define([
  {
    tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword],
    color: "var(--code-keyword)",
  },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  {
    tag: [tags.definition(tags.function(tags.variableName)), tags.definition(tags.className)],
    fontWeight: "600",
  },
  { tag: tags.meta, color: "var(--code-keyword)" },
]);

const looks = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "var(--text-s)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "var(--line-s)" },
  ".cm-content": { padding: "8px 0 40vh", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "1.5px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selected)",
  },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--faint)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", minWidth: "28px", cursor: "pointer" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": {
    backgroundColor: "color-mix(in srgb, var(--hover) 45%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--selected)",
    outline: "none",
  },
  ".cm-tooltip": {
    border: "1px solid var(--hairline-strong)",
    borderRadius: "var(--radius)",
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    boxShadow: "var(--shadow)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    fontSize: "var(--text-s)",
    maxHeight: "240px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px", lineHeight: "var(--line-s)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--selected)",
    color: "var(--ink)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-tooltip.cm-completionInfo": { padding: "8px 12px", maxWidth: "360px", lineHeight: "var(--line-s)" },
  ".cm-panels": { backgroundColor: "var(--bg)", color: "var(--ink)", fontFamily: "var(--sans)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--hairline)" },
  ".cm-panel.cm-search": { padding: "8px 32px 8px 12px", fontSize: "var(--text-s)" },
  ".cm-panel.cm-search label": { fontSize: "var(--text-s)", marginLeft: "8px" },
  ".cm-panel.cm-search input[type=checkbox]": { margin: "0 6px 0 0", accentColor: "var(--ink)" },
  ".cm-panel.cm-search [name=close]": {
    height: "24px",
    width: "24px",
    padding: "0",
    top: "8px",
    right: "8px",
  },
  ".cm-textfield, .cm-button": {
    height: "28px",
    margin: "2px 6px 2px 0",
    padding: "0 8px",
    border: "1px solid var(--hairline-strong)",
    borderRadius: "var(--radius)",
    background: "var(--surface)",
    backgroundImage: "none",
    fontSize: "var(--text-s)",
  },
  ".cm-button:hover, .cm-button:active": { background: "var(--hover)", backgroundImage: "none" },
  ".cm-searchMatch": { backgroundColor: "var(--hover)", outline: "1px solid var(--hairline-strong)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--selected)" },
});

export const theme = [looks, syntaxHighlighting(highlight)];
