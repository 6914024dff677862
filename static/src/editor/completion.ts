/** Completion of the engine's names. The table is generated from the engine and loaded at the first completion. */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completeFromList,
} from "@codemirror/autocomplete";
// A copy of its own, of which the page takes the language alone and this part the sources of completion.
import { globalCompletion, localCompletionSource } from "@codemirror/lang-python?completion";
import type { Extension, Text } from "@codemirror/state";
import address from "../names.gen.json?url";

/** Name, kind, signature and the first line of its documentation; the last two may be empty. */
type Entry = readonly [name: string, kind: string, signature: string, doc: string];

/** What may follow `torch`, `torch.nn`, `torch.Tensor` and a dot. */
type NameTable = Readonly<Record<string, readonly Entry[]>>;

const PYPLOT = [
  "figure",
  "hist",
  "imshow",
  "legend",
  "plot",
  "scatter",
  "show",
  "subplot",
  "subplots",
  "title",
  "xlabel",
  "ylabel",
];

/** What names of the program stand for which module: `{ nn: "torch.nn", F: "torch.nn.functional" }`. */
export function importsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const match of text.matchAll(/^[ \t]*import[ \t]+(.+)$/gm)) {
    for (const part of (match[1] ?? "").split(",")) {
      const names = /^\s*([\w.]+)(?:\s+as\s+(\w+))?/.exec(part);
      if (!names?.[1]) continue;
      if (names[2]) found.set(names[2], names[1]);
      else found.set(names[1].split(".")[0] ?? "", names[1].split(".")[0] ?? "");
    }
  }
  for (const match of text.matchAll(/^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?(.+)$/gm)) {
    for (const part of (match[2] ?? "").split(",")) {
      const names = /^\s*(\w+)(?:\s+as\s+(\w+))?/.exec(part);
      if (names?.[1]) found.set(names[2] ?? names[1], `${match[1]}.${names[1]}`);
    }
  }
  return found;
}

/** What `torch.nn.` or `x.` may go on with: the names of that module or class, else a tensor's. */
export function ownerOf(path: string, imports: ReadonlyMap<string, string>, names: NameTable): string {
  const [head = "", ...rest] = path.split(".");
  const owner = [imports.get(head) ?? head, ...rest].join(".");
  if (owner === "data" && !imports.has(head)) return "torch.Tensor";
  if (owner in names || owner === "matplotlib.pyplot") return owner;
  return imports.has(head) && !owner.startsWith("torch") ? "" : "torch.Tensor";
}

/** What is said of a name; a method's and an in-place variant's words stand under `torch` only. */
function about(name: string, doc: string, torch: ReadonlyMap<string, string>): string {
  if (doc) return doc;
  if (name.endsWith("_")) {
    const plain = torch.get(name.slice(0, -1));
    return plain ? `In place: ${plain}` : "";
  }
  return torch.get(name) ?? "";
}

let table: Promise<NameTable> | undefined;

/** The engine's names; none if they cannot be loaded, and asked for again the next time. */
export function loadNames(): Promise<NameTable> {
  table ??= fetch(address).then((answer) => answer.json());
  return table.catch(() => {
    table = undefined;
    return {};
  });
}
const options = new Map<string, readonly Completion[]>();

function optionsOf(owner: string, names: NameTable): readonly Completion[] {
  if (owner === "matplotlib.pyplot") return PYPLOT.map((label) => ({ label, type: "function" }));
  let made = options.get(owner);
  if (!made) {
    const torch = new Map((names.torch ?? []).map(([name, , , doc]) => [name, doc]));
    made = (names[owner] ?? []).map(([name, kind, signature, doc]) => {
      const info = about(name, doc, torch);
      return { label: name, type: kind, detail: signature, ...(info && { info }) };
    });
    options.set(owner, made);
  }
  return made;
}

function textOf(doc: Text): string {
  return doc.sliceString(0, Math.min(doc.length, 20_000));
}

async function members(context: CompletionContext): Promise<CompletionResult | null> {
  const match = context.matchBefore(/[\w.)\]]*\.\w*/);
  if (!match) return null;
  const names = await loadNames();
  const dot = match.text.lastIndexOf(".");
  const owner = ownerOf(match.text.slice(0, dot), importsOf(textOf(context.state.doc)), names);
  const list = optionsOf(owner, names);
  return list.length
    ? { from: match.from + dot + 1, options: list as Completion[], validFor: /^\w*$/ }
    : null;
}

const modules = completeFromList(["torch", "torch.nn", "torch.nn.functional", "data", "matplotlib.pyplot"]);

async function words(context: CompletionContext): Promise<CompletionResult | null> {
  if (context.matchBefore(/\.\w*/)) return null;
  if (context.matchBefore(/^[ \t]*(?:import|from)[ \t]+\w*/)) return modules(context);
  return globalCompletion(context);
}

async function locals(context: CompletionContext): Promise<CompletionResult | null> {
  return context.matchBefore(/\.\w*/) ? null : localCompletionSource(context);
}

export const completion: Extension = autocompletion({ override: [members, locals, words], icons: false });
