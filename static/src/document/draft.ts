/**
 * A program while it is edited: its statements in an order, with spliced spans, new ones among them, some left out.
 *
 * What no edit touches comes out of `render` as the same characters. A statement that moves takes the comment lines
 * directly above it along; what stands above those (blank lines, a `# %%` line) stays where it was.
 */
import type { Stretch } from "../protocol.gen";
import { type Model, refuse } from "./model";
import { insideString } from "./tree";

export interface Effect {
  readonly reads: ReadonlySet<string>;
  readonly binds: ReadonlySet<string>;
}

export interface Old {
  readonly kind: "old";
  readonly statement: number;
  /** Whether what stands above its own comments comes with it. */
  lead: boolean;
  /** Blank lines there must at least be before it. */
  blank: number;
  /** Its first line's indentation, if it is to be another one. */
  indent: string | null;
  /** Names it reads now beside those it did. */
  readonly reads: Set<string>;
}

/** What stood above a statement that is not there any more. */
interface Lead {
  readonly kind: "lead";
  readonly statement: number;
}

export interface Fresh extends Effect {
  readonly kind: "fresh";
  /** Lines without the scope's own indentation, four spaces for each level below. */
  text: string;
  /** Blank lines there must at least be before it. */
  blank: number;
  /** Blank lines there must at least be after it. */
  after: number;
}

export type Item = Old | Lead | Fresh;

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly order: number;
}

export class Draft {
  readonly eol: string;
  private readonly unit: string;
  private splices: Splice[] = [];
  private readonly scopes = new Map<number, Item[]>();
  private sorted: Splice[] | null = null;

  constructor(readonly model: Model) {
    const { text, document } = model;
    this.eol = /\r?\n/.exec(text)?.[0] ?? "\n";
    const inner = document.statements.find((statement) => (statement.parent ?? -1) !== -1);
    const outer = inner && this.indentOf(inner.parent ?? -1);
    const indent = inner ? this.indentOf(inner.index) : "";
    this.unit =
      inner && indent.startsWith(outer ?? "") ? indent.slice((outer ?? "").length) || "    " : "    ";
  }

  /** The statements of a scope, to be changed in place. */
  items(scope: number): Item[] {
    let items = this.scopes.get(scope);
    if (!items) {
      items = this.model.children(scope).map((statement) => ({
        kind: "old",
        statement,
        lead: true,
        blank: 0,
        indent: null,
        reads: new Set(),
      }));
      this.scopes.set(scope, items);
    }
    return items;
  }

  /** Where a statement stands now. */
  place(statement: number): { scope: number; item: Old } {
    const home = this.model.parent(statement);
    for (const scope of [home, ...this.scopes.keys()]) {
      for (const item of this.items(scope)) {
        if (item.kind === "old" && item.statement === statement) return { scope, item };
      }
    }
    return refuse("The program has changed; try again.");
  }

  has(statement: number): boolean {
    const items = [...this.scopes.values()].flat();
    const home = this.scopes.get(this.model.parent(statement));
    return !home || items.some((item) => item.kind === "old" && item.statement === statement);
  }

  effect(item: Item): Effect {
    if (item.kind === "lead") return { reads: new Set(), binds: new Set() };
    if (item.kind === "fresh") return item;
    const { reads, binds } = this.model.effect(item.statement);
    return { reads: new Set([...reads, ...item.reads]), binds };
  }

  splice(span: Stretch, text: string): void {
    const clash = this.splices.find(
      (one) => one.start < span[1] && span[0] < one.end && one.start !== one.end && span[0] !== span[1],
    );
    // Of two replacements the wider one has the last word, of two equal ones the later.
    if (clash) {
      const wider = clash.end - clash.start > span[1] - span[0];
      if (wider && clash.start <= span[0] && span[1] <= clash.end) return;
      this.splices = this.splices.filter((one) => one.end <= span[0] || one.start >= span[1]);
    }
    this.splices.push({ start: span[0], end: span[1], text, order: this.splices.length });
    this.sorted = null;
  }

  /** Whether a stretch has been replaced by something else. */
  isReplaced([start, end]: Stretch): boolean {
    return this.splices.some((one) => one.start <= start && end <= one.end && one.start !== one.end);
  }

  /** Puts a new statement before an item of a scope, or at its end. */
  insert(scope: number, before: Item | null, text: string, effect: Partial<Effect> = {}): Fresh {
    this.guardBody(scope);
    if (before?.kind === "old") {
      const [start] = this.model.statement(before.statement).whole;
      if (this.lineStart(start) !== start) this.refuseLine(start);
    }
    const fresh: Fresh = {
      kind: "fresh",
      text,
      reads: effect.reads ?? new Set(),
      binds: effect.binds ?? new Set(),
      blank: 0,
      after: 0,
    };
    const items = this.items(scope);
    items.splice(before ? items.indexOf(before) : items.length, 0, fresh);
    return fresh;
  }

  /** The item after another one. */
  next(scope: number, item: Item): Item | null {
    const items = this.items(scope);
    return items[items.indexOf(item) + 1] ?? null;
  }

  /** Takes a statement out; what stood above it stays if it says something. */
  remove(statement: number): void {
    this.guard(statement);
    const { scope, item } = this.place(statement);
    const items = this.items(scope);
    const index = items.indexOf(item);
    const lead = item.lead ? this.leadOf(statement) : "";
    if (/\S/.test(lead)) {
      items.splice(index, 1, { kind: "lead", statement });
      return;
    }
    items.splice(index, 1);
    const next = items[index];
    if (next && next.kind !== "lead" && index > 0) next.blank = Math.max(next.blank, blankLines(lead));
  }

  /** Takes a new statement out again. */
  drop(scope: number, item: Item): void {
    const items = this.items(scope);
    items.splice(items.indexOf(item), 1);
  }

  /** A statement with its own comments as it is now, without the indentation of its scope and the last line's end. */
  own(statement: number): string {
    const { whole } = this.model.statement(statement);
    const indent = this.indentOf(statement);
    return this.spliced([this.ownStart(statement), whole[1]])
      .replaceAll("\r\n", "\n")
      .trimEnd()
      .split("\n")
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join("\n");
  }

  /** A line in a statement's stead, with the comments above and behind the statement. */
  commented(statement: number, line: string): string {
    const { whole, core } = this.model.statement(statement);
    const above = this.model.text
      .slice(whole[0], core[0])
      .split("\n")
      .map((one) => one.trim())
      .filter((one) => one.startsWith("#"));
    const behind = this.model.text.slice(core[1], whole[1]).split("\n")[0]?.trimEnd() ?? "";
    return [...above, line + behind].join("\n");
  }

  /** Lets what stands above a statement's own comments stay above what is put before the statement. */
  splitLead(scope: number, item: Item): Item {
    if (item.kind !== "old" || !item.lead || !/\S/.test(this.leadOf(item.statement))) return item;
    const items = this.items(scope);
    items.splice(items.indexOf(item), 0, { kind: "lead", statement: item.statement });
    item.lead = false;
    return item;
  }

  /** Moves an item of one scope before an item of another (or the same) one, or to its end. */
  move(item: Item, from: number, scope: number, before: Item | null): void {
    if (before === item) return;
    this.guardBody(scope);
    const items = this.items(scope);
    if (item.kind !== "old") {
      const home = this.items(from);
      home.splice(home.indexOf(item), 1);
      items.splice(before ? items.indexOf(before) : items.length, 0, item);
      return;
    }
    this.remove(item.statement);
    const moved: Old = {
      ...item,
      lead: false,
      blank: 0,
      indent: scope === from ? item.indent : this.indentIn(scope),
    };
    items.splice(before ? items.indexOf(before) : items.length, 0, moved);
  }

  /** The indentation of a scope's statements. */
  indentIn(scope: number): string {
    if (scope === -1) return "";
    const first = this.model.children(scope)[0];
    return first === undefined ? this.indentOf(scope) + this.unit : this.indentOf(first);
  }

  indentOf(statement: number): string {
    if (statement === -1) return "";
    const [start] = this.model.statement(statement).core;
    return this.model.text.slice(this.lineStart(start), start);
  }

  /** The text as it would be now from one position to another, for what is inside one statement. */
  spliced([from, to]: Stretch): string {
    this.sorted ??= [...this.splices].sort(
      (one, other) => one.start - other.start || one.end - other.end || one.order - other.order,
    );
    let out = "";
    let at = from;
    for (const splice of this.sorted) {
      if (splice.start < from || splice.end > to || (splice.start === to && to !== this.model.text.length))
        continue;
      if (splice.start < at) continue;
      out += this.model.text.slice(at, splice.start) + splice.text.replaceAll("\n", this.eol);
      at = splice.end;
    }
    return out + this.model.text.slice(at, to);
  }

  render(): string {
    return this.body(-1, [0, this.model.text.length]);
  }

  /** What stands above a statement's own comment lines. */
  private leadOf(statement: number): string {
    return this.model.text.slice(this.model.statement(statement).whole[0], this.ownStart(statement));
  }

  /** Where a statement's own comment lines begin, or its own line. */
  private ownStart(statement: number): number {
    const { whole, core } = this.model.statement(statement);
    let start = Math.max(this.lineStart(core[0]), whole[0]);
    while (start > whole[0]) {
      const above = this.lineStart(start - 1);
      const line = this.model.text.slice(above, start).trim();
      if (above < whole[0] || !line.startsWith("#") || line.startsWith("# %%") || line.startsWith("#%%"))
        break;
      start = above;
    }
    return start;
  }

  private lineStart(position: number): number {
    return this.model.text.lastIndexOf("\n", position - 1) + 1;
  }

  /** Only statements that have their lines for themselves can be moved or taken out. */
  private guard(statement: number): void {
    const { core, whole } = this.model.statement(statement);
    const before = this.model.text.slice(this.lineStart(core[0]), core[0]);
    const after = this.model.text.slice(core[1], whole[1]);
    if (
      before.trim() ||
      /^[ \t]*;[ \t]*[^\s#]/.test(this.model.text.slice(core[1])) ||
      /^[ \t]*;/.test(after)
    ) {
      this.refuseLine(core[0]);
    }
  }

  private refuseLine(position: number): never {
    return refuse(
      `Line ${this.model.line(position)} has more than one statement; give each a line of its own in the code first.`,
    );
  }

  private guardBody(scope: number): void {
    if (scope === -1) return;
    const first = this.model.children(scope)[0];
    if (first === undefined) return;
    const { core } = this.model.statement(first);
    if (this.model.text.slice(this.lineStart(core[0]), core[0]).trim()) {
      refuse(
        `Line ${this.model.line(core[0])} has its body on the same line; put it on a line of its own first.`,
      );
    }
  }

  /** The items of a scope, with what stands before the first and after the last statement there was. */
  private body(scope: number, [start, end]: Stretch): string {
    const children = this.model.children(scope);
    const last = children.at(-1);
    const head = children[0] === undefined ? end : this.model.statement(children[0]).whole[0];
    const tail = last === undefined ? end : this.model.statement(last).whole[1];
    let out = this.spliced([start, head]);
    let after = 0;
    // The place, among the statements there were, of the one that was written last.
    let at = -1;
    let first = true;
    let ours = false;
    for (const item of this.items(scope)) {
      let text = this.item(item, scope);
      if (!text) continue;
      const changed = !(item.kind === "old" && item.statement === children[0]);
      const home = item.kind === "old" ? children.indexOf(item.statement) : -2;
      const follows = item.kind === "old" && item.lead && item.indent === null && home === at + 1;
      at = home;
      if (out && !out.endsWith("\n") && !follows) out += this.eol;
      if (first && changed) text = text.replace(/^([ \t]*\r?\n)+/, "");
      const blank = Math.max(after, item.kind === "lead" ? 0 : item.blank);
      if (blank > 0 && !(first && !out)) {
        out += this.eol.repeat(Math.max(0, blank - blankLinesAtEnd(out) - blankLines(text)));
      }
      out += text;
      after = item.kind === "fresh" ? item.after : 0;
      first = false;
      ours = !(item.kind === "old" && item.statement === last);
    }
    if (scope !== -1 && !this.items(scope).some((item) => item.kind !== "lead")) {
      out += `${this.indentIn(scope)}pass${this.eol}`;
    }
    const rest = this.spliced([tail, end]);
    return out + (ours && rest && !/^\r?\n/.test(rest) && !out.endsWith("\n") ? this.eol : "") + rest;
  }

  private item(item: Item, scope: number): string {
    if (item.kind === "lead") return this.leadOf(item.statement);
    if (item.kind === "fresh") return this.freshText(item.text, scope);
    const { statement } = item;
    if (item.indent !== null) this.reindent(statement, item.indent);
    const { whole } = this.model.statement(statement);
    const span: Stretch = [item.lead ? whole[0] : this.ownStart(statement), whole[1]];
    return this.model.children(statement).length ? this.body(statement, span) : this.spliced(span);
  }

  private freshText(text: string, scope: number): string {
    const indent = this.indentIn(scope);
    return `${text
      .split("\n")
      .map((line) => {
        const own = /^ */.exec(line)?.[0].length ?? 0;
        const inner = this.unit.repeat(Math.floor(own / 4)) + " ".repeat(own % 4);
        return line.trim() ? indent + inner + line.slice(own) : "";
      })
      .join(this.eol)}${this.eol}`;
  }

  private reindent(statement: number, indent: string): void {
    const { whole } = this.model.statement(statement);
    const own = this.indentOf(statement);
    if (own === indent) return;
    const { text, tree } = this.model;
    for (let at = this.ownStart(statement); at < whole[1]; at = text.indexOf("\n", at) + 1 || whole[1]) {
      const end = text.indexOf("\n", at);
      const line = text.slice(at, end < 0 ? whole[1] : end);
      if (line.trim() && line.startsWith(own) && !insideString(tree, at)) {
        this.splice([at, at + own.length], indent);
      }
    }
  }
}

function blankLines(text: string): number {
  return (/^(?:[ \t]*\r?\n)*/.exec(text)?.[0].match(/\n/g) ?? []).length;
}

function blankLinesAtEnd(text: string): number {
  if (!text) return 99;
  return Math.max(0, (/(?:\r?\n[ \t]*)*$/.exec(text)?.[0].match(/\n/g) ?? []).length - 1);
}
