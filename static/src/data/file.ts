/** `data.py`: what the program imports, as a file that needs nothing but PyTorch. */
import reading from "../../../playground/worker/data/reading.py?raw";
import sets from "../../../playground/worker/data/sets.py?raw";
import table from "../../../playground/worker/data/table.txt?raw";
import type * as wire from "../protocol.gen";

/** A text as Python writes one, over several lines. */
function literal(text: string): string {
  const safe = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"""', '\\"\\"\\"')
    .replace(/"$/, '\\"')
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .replaceAll("\0", "");
  return `"""\\\n${safe}"""`;
}

const bool = (value: boolean | null | undefined) => (value == null ? "None" : value ? "True" : "False");

/** The module, with the person's table in it if there is one. */
export function dataFile(data: wire.UserData | null): string {
  if (!data) return sets;
  const { name = "data.csv", text, header, types = {}, features = [], target = "" } = data;
  const { standardise = false, test = 0, seed = 0 } = data;
  const filled: Record<string, string> = {
    reading: reading.replace(/^"""[\s\S]*?"""\n/, ""),
    name: name.replace(/[^\x20-\x7e]/g, "?"),
    text: literal(text),
    header: bool(header),
    types: JSON.stringify(types),
    features: JSON.stringify(features),
    target: JSON.stringify(target),
    standardise: bool(standardise),
    test: `${test}`,
    seed: `${seed}`,
  };
  return sets + table.replace(/\{(\w+)\}/g, (_, place: string) => filled[place] ?? "");
}

/** Lines for a program that uses the table, with what comes in a comment. */
export function linesFor(table: wire.Table, data: Pick<wire.UserData, "test">): string {
  const target = table.columns.find((column) => column.name === table.target);
  const classes = target?.type === "category" ? `${target.categories?.length ?? 0} classes` : "numbers";
  const aside = (data.test ?? 0) > 0 ? "\nX_test, y_test = data.X_test, data.y_test" : "";
  const columns = `${table.features.length} ${table.features.length === 1 ? "column" : "columns"}`;
  return `X, y = data.X, data.y  # ${columns}; ${classes}${aside}\n`;
}

const IMPORTED = /^[ \t]*import[ \t]+(?:[\w., ]+,[ \t]*)?data\b(?![.\w])/m;

/** The program with those lines after its imports, and `import data` if it has none. */
export function withLines(code: string, lines: string): string {
  const found = [...code.matchAll(/^(?:import|from)[ \t].*(?:\n|$)/gm)];
  const last = found.at(-1);
  const needs = IMPORTED.test(code) ? "" : "import data\n";
  // Without an import it begins after what the program says of itself.
  const doc = /^\s*("""[\s\S]*?"""|'''[\s\S]*?''')[ \t]*\n/.exec(code);
  const at = last ? last.index + last[0].length : (doc?.[0].length ?? 0);
  const before = code.slice(0, at);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  const after = code.slice(at);
  const space = last || needs ? "\n" : "";
  return `${before}${gap}${needs}${space}${lines}${after === "" || after.startsWith("\n") ? "" : "\n"}${after}`;
}
