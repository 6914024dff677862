/** How a name of PyTorch's is written in this program, and the imports that are missing for that. */
import type { Item } from "./draft";
import type { Work } from "./work";

const MODULES: Readonly<Record<string, string>> = {
  torch: "torch",
  nn: "torch.nn",
  "nn.functional": "torch.nn.functional",
  optim: "torch.optim",
  data: "data",
};

/** How a program here imports a module that it has not imported yet: the name it gets, and the line. */
const USUAL: Readonly<Record<string, readonly [string, string]>> = {
  torch: ["torch", "import torch"],
  "torch.nn": ["nn", "from torch import nn"],
  "torch.nn.functional": ["F", "import torch.nn.functional as F"],
  data: ["data", "import data"],
};

export class Imports {
  private readonly added = new Map<string, string>();
  private readonly lines: string[] = [];

  constructor(private readonly work: Work) {}

  /** How an entry of the palette is called: `torch.sin`, `nn.Linear`, `F.gelu`. */
  reference(type: string): string {
    const cut = type.lastIndexOf(".");
    const module = MODULES[type.slice(0, cut)];
    if (!module) return type;
    const last = type.slice(cut + 1);
    const whole = this.local(`${module}.${last}`);
    return whole ?? `${this.module(module)}.${last}`;
  }

  /** How a module is called, imported if it is not yet. */
  module(path: string): string {
    const known = this.local(path);
    if (known) return known;
    const usual = USUAL[path];
    const parent = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
    if (!usual) return `${this.module(parent)}.${path.slice(parent.length + 1)}`;
    const [name, line] = usual;
    if (!this.work.taken.has(name)) return this.add(path, name, line);
    if (parent) return `${this.module(parent)}.${path.slice(parent.length + 1)}`;
    const other = this.work.name(name);
    return this.add(path, other, `import ${path} as ${other}`);
  }

  /** Imports something under exactly this name, for text that comes with it. */
  ensure(name: string, path: string): void {
    if (this.local(path) === name || this.work.taken.has(name)) return;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    const last = path.slice(parent.length ? parent.length + 1 : 0);
    const usual = USUAL[path];
    if (usual?.[0] === name) this.add(path, name, usual[1]);
    else if (parent && last === name) this.add(path, name, `from ${parent} import ${name}`);
    else this.add(path, name, path === name ? `import ${path}` : `import ${path} as ${name}`);
  }

  private local(path: string): string | undefined {
    const names = Object.entries(this.work.model.document.imports);
    return (
      this.added.get(path) ??
      names.filter(([, full]) => full === path).sort(([a], [b]) => a.length - b.length)[0]?.[0]
    );
  }

  private add(path: string, name: string, line: string): string {
    this.added.set(path, name);
    this.work.taken.add(name);
    const merged = /^from (\S+) import (\w+)$/.exec(line);
    if (!merged || !this.merge(merged[1] as string, merged[2] as string)) this.lines.push(line);
    return name;
  }

  /** Adds a name to a line that imports from the module already. */
  private merge(module: string, name: string): boolean {
    const { model, draft } = this.work;
    for (const index of model.children(-1)) {
      const { kind, core } = model.statement(index);
      const text = model.slice(core);
      if (
        kind !== "import" ||
        !new RegExp(`^from\\s+${module.replaceAll(".", "\\.")}\\s+import\\s+[^*]`).test(text)
      )
        continue;
      const last = /[\w]+(?=[\s,)]*$)/.exec(text.replace(/#.*$/gm, (comment) => " ".repeat(comment.length)));
      if (!last) continue;
      const at = core[0] + last.index + last[0].length;
      draft.splice([at, at], `, ${name}`);
      return true;
    }
    return false;
  }

  /** Writes the new lines below the imports there are, or at the beginning. */
  write(): void {
    if (!this.lines.length) return;
    const { draft } = this.work;
    const items = draft.items(-1);
    const head = this.head();
    const fresh = this.lines
      .sort((one, other) => rank(one) - rank(other))
      .map((line) => {
        const plain = line.startsWith("import ");
        const like =
          head.findLast((item) => plain === /^import\s/.test(this.textOf(item))) ??
          (plain ? null : head.at(-1));
        if (like) return draft.insert(-1, draft.next(-1, like), line);
        const first = head[0] ?? items.find((item) => !this.isDocstring(item)) ?? null;
        return draft.insert(-1, first && draft.splitLead(-1, first), line);
      });
    const last = fresh.at(-1);
    if (last && !head.length) last.after = 1;
  }

  /** The import statements at the top of the program. */
  private head(): Item[] {
    const found: Item[] = [];
    for (const item of this.work.draft.items(-1)) {
      if (item.kind !== "old") continue;
      if (this.work.model.statement(item.statement).kind === "import") found.push(item);
      else if (!this.isDocstring(item)) break;
    }
    return found;
  }

  private textOf(item: Item): string {
    return item.kind === "old" ? this.work.model.slice(this.work.model.statement(item.statement).core) : "";
  }

  private isDocstring(item: Item): boolean {
    return /^[rRuU]?("""|'''|"[^"\n]*"$|'[^'\n]*'$)/.test(this.textOf(item));
  }
}

function rank(line: string): number {
  return line.startsWith("import torch.") ? 1 : line.startsWith("import ") ? 0 : 2;
}
