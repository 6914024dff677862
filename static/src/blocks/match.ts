/**
 * Which tensors of a run each block made. A block is found by the very stretch of the text that an operation comes from;
 * what has no operation of its own (a layer inside another, a call of the program's own class, an input of a function)
 * by the calls that were made and by who read it. Lines that were typed in since the run have nothing.
 */
import type * as wire from "../protocol.gen";
import type { RunState } from "../run";
import { lies, Positions, type Recorded, recordedOf } from "./recorded";

/** One tensor of a recording. */
export interface Made {
  readonly node: wire.Node;
  /** Which of the tensors that the node made. */
  readonly output: number;
}

/** What a run has to do with a block. */
export interface Match {
  /** For each of its outputs what it has been, in the order in which it was made. */
  readonly made: readonly (readonly Made[])[];
  /** Every operation it consists of. */
  readonly members: ReadonlySet<number>;
  /** Of a layer: its weights, by their names in it. */
  readonly parameters: readonly (readonly [name: string, node: wire.Node])[];
}

/** By block id. */
export type Matches = ReadonlyMap<number, Match>;

/** Where a block stands in the run's text. */
interface Stand {
  readonly place: Required<wire.Place> | null;
  /** Of the statement where a layer is made. */
  readonly definition: Required<wire.Place> | null;
}

const NOTHING: readonly Made[] = [];
const NO_PARAMETERS: Match["parameters"] = [];

let stood: { document: wire.Document; code: string; stands: ReadonlyMap<number, Stand> } | null = null;

function standsOf(document: wire.Document, text: string, code: string): ReadonlyMap<number, Stand> {
  if (stood?.document === document && stood.code === code) return stood.stands;
  const positions = new Positions(text, code);
  const statements = new Map(document.statements.map((one) => [one.index, one]));
  const stands = new Map<number, Stand>();
  for (const { id, span, definition = -1 } of document.blocks) {
    const made = statements.get(definition);
    stands.set(id, { place: positions.place(span), definition: made ? positions.place(made.core) : null });
  }
  stood = { document, code, stands };
  return stands;
}

/** What the run has of the document's blocks. */
export function matchesOf(document: wire.Document, text: string, run: RunState): Matches {
  const search = new Search(document, recordedOf(run.graph), standsOf(document, text, run.code));
  const matches = new Map<number, Match>();
  for (const block of document.blocks) {
    const made = (block.outputs ?? []).map((_, output) => search.made(block, output));
    const members = search.members(block);
    const parameters = search.parameters(block);
    if (members.size || parameters.length || made.some((one) => one.length))
      matches.set(block.id, { made, members, parameters });
  }
  return matches;
}

const isFrame = ({ kind }: wire.Block) => kind === "class" || kind === "train";

/** One look through a recording. */
class Search {
  private readonly blocks: ReadonlyMap<number, wire.Block>;
  private readonly children = new Map<number, wire.Block[]>();
  private readonly readers = new Map<string, wire.Block[]>();
  private readonly found = new Map<string, readonly Made[]>();
  private readonly parts = new Map<number, ReadonlySet<number>>();
  private readonly exactly = new Map<number, ReadonlySet<number>>();
  private readonly called = new Map<number, readonly wire.Scope[]>();

  constructor(
    document: wire.Document,
    private readonly run: Recorded,
    private readonly stands: ReadonlyMap<number, Stand>,
  ) {
    this.blocks = new Map(document.blocks.map((block) => [block.id, block]));
    for (const block of document.blocks) {
      push(this.children, block.parent ?? -1, block);
      for (const { wire } of block.arguments ?? []) if (wire) push(this.readers, String(wire), block);
    }
  }

  /** The tensors that an output of a block has been. */
  made(block: wire.Block, output: number): readonly Made[] {
    const key = `${block.id},${output}`;
    const known = this.found.get(key);
    if (known) return known;
    // A document comes from a worker: what is made of itself must not hold the page.
    this.found.set(key, NOTHING);
    const found = this.find(block, output);
    this.found.set(key, found);
    return found;
  }

  private find(block: wire.Block, output: number): readonly Made[] {
    const { kind, type } = block;
    if (kind === "train") return block.arguments?.[0]?.name === "over" ? this.read(block, output) : NOTHING;
    if (isFrame(block)) return NOTHING;
    if (kind === "module") return this.returned(block, output);
    if (type === "parameter") return this.given(block);
    if (kind === "code") return this.named(block, output);
    const inner = this.layerOf(block) ? this.scopesOf(block) : null;
    const own = inner ? this.lastOf(inner) : this.ends(block, this.exact(block));
    const some = this.outputs(block, own, output);
    if (some.length) return some;
    if (kind === "input" && own.length === 0) {
      const made = this.run.parameters.filter((node) => this.holds(block, node));
      if (made.length) return made.map((node) => ({ node, output: 0 }));
    }
    const read = this.read(block, output);
    return read.length || own.length ? read : this.passed(block);
  }

  private at(block: wire.Block): Required<wire.Place> | null {
    return this.stands.get(block.id)?.place ?? null;
  }

  private exact(block: wire.Block): readonly wire.Node[] {
    return this.run.at(this.at(block));
  }

  private holds(block: wire.Block, node: wire.Node): boolean {
    const place = this.at(block);
    return place !== null && node.place != null && lies(node.place, place);
  }

  /** Which of the nodes at a block's place are one of its outputs: all, or those that have its name. */
  private outputs(block: wire.Block, nodes: readonly wire.Node[], output: number): readonly Made[] {
    const outputs = block.outputs ?? [];
    if (outputs.length <= 1) return nodes.map((node) => ({ node, output: 0 }));
    const several = nodes.filter((node) => node.outputs.length === outputs.length);
    if (several.length) return several.map((node) => ({ node, output }));
    return withName(nodes, outputs[output]?.name ?? "");
  }

  /** The calls of an own class or function, or of a Sequential, that a block is. */
  private scopesOf(block: wire.Block): readonly wire.Scope[] {
    let scopes = this.called.get(block.id);
    if (!scopes) {
      scopes = this.findScopes(block);
      this.called.set(block.id, scopes);
    }
    return scopes;
  }

  private findScopes(block: wire.Block): readonly wire.Scope[] {
    const place = this.at(block);
    if (!place) return [];
    const inner = this.layerScopes(block);
    if (inner) return inner;
    const own = block.key.split("/")[0]?.replace(/#\d+$/, "").split(".").at(-1);
    const type = block.type.split(".").at(-1);
    const scopes = this.run
      .calledAt(place.line)
      .filter(({ name, type: of = "" }) => name === type || (name === own && (!of || of === type)));
    // Where a line calls one thing several times, its calls have the order of its blocks.
    const anonymous = scopes.every(({ name }) => name === type);
    const alike = [...this.blocks.values()].filter(
      (one) =>
        one.type === block.type &&
        (anonymous || one.definition === block.definition) &&
        this.at(one)?.line === place.line &&
        !this.layerOf(one),
    );
    if (alike.length < 2) return scopes;
    const nth = alike.indexOf(block);
    const counts = new Map<number, number>();
    return scopes.filter(({ parent }) => {
      const count = counts.get(parent) ?? 0;
      counts.set(parent, count + 1);
      return count % alike.length === nth;
    });
  }

  /** The Sequential that a layer is made in. */
  private layerOf(block: wire.Block): wire.Block | undefined {
    const outer = block.kind === "layer" ? this.blocks.get(block.parent ?? -1) : undefined;
    return outer?.type === "nn.Sequential" ? outer : undefined;
  }

  /** The calls of a layer inside a Sequential, by whichever block that is called; null if it is not inside one. */
  private layerScopes(block: wire.Block): readonly wire.Scope[] | null {
    const outer = this.layerOf(block);
    if (!outer) return null;
    const name = block.outputs?.[0]?.name;
    const calls = [...this.blocks.values()].filter(
      (one) =>
        one === outer ||
        (one.type === outer.type &&
          one.definition === outer.definition &&
          !this.layerOf(one) &&
          one.arguments?.some(({ wire }) => wire?.[0] === block.id)),
    );
    return calls
      .flatMap((call) => this.scopesOf(call).flatMap((scope) => this.run.insideOf(scope.id)))
      .filter((scope) => scope.name === name)
      .sort((one, other) => one.id - other.id);
  }

  /** What a call of an own class or function has returned. */
  private returned(block: wire.Block, output: number): readonly Made[] {
    const scopes = this.scopesOf(block);
    const result = this.resultOf(block);
    const from = result?.arguments?.[output]?.wire;
    if (from) {
      const ids = new Set(scopes.map((scope) => scope.id));
      const inside = this.from(from).filter(({ node }) =>
        [...this.run.around(node)].some((scope) => ids.has(scope.id)),
      );
      if (inside.length) return inside;
    }
    return output > 0 ? NOTHING : this.lastOf(scopes).map((node) => ({ node, output: 0 }));
  }

  /** The last operation of each call. */
  private lastOf(scopes: readonly wire.Scope[]): readonly wire.Node[] {
    return scopes.flatMap((scope) => this.run.in(scope.id).findLast((node) => node.kind === "op") ?? []);
  }

  /** Of a layer that is several operations the last of each call; in between it has made nothing yet. */
  private ends(block: wire.Block, nodes: readonly wire.Node[]): readonly wire.Node[] {
    const line = this.at(block)?.line;
    if (block.kind !== "layer" || (block.outputs?.length ?? 0) > 1) return nodes;
    const last = new Map<number, wire.Node>();
    for (const node of nodes) {
      const calls = [...this.run.around(node)].filter(
        (scope) => scope.kind === "module" && scope.line === line,
      );
      last.set(calls.at(-1)?.id ?? -node.id, node);
    }
    return [...last.values()];
  }

  private frameOf(type: string): wire.Block | undefined {
    return [...this.blocks.values()].find((one) => one.kind === "class" && one.type === type);
  }

  private resultOf(block: wire.Block): wire.Block | undefined {
    const frame = this.frameOf(block.type);
    return frame && this.children.get(frame.id)?.find((one) => one.type === "return");
  }

  /** What calls have given for a parameter of an own class or function. */
  private given(block: wire.Block): readonly Made[] {
    const frame = this.blocks.get(block.parent ?? -1);
    const name = block.outputs?.[0]?.name;
    const given = [...this.blocks.values()]
      .filter((one) => one.kind === "module" && one.type === frame?.type)
      .flatMap((one) => {
        const from = one.arguments?.find((arg) => arg.name === name && arg.place !== "definition")?.wire;
        return from ? this.from(from) : NOTHING;
      });
    return given.length ? inOrder(given) : this.read(block, 0);
  }

  /** What code has bound to a name, in the lines that it has. */
  private named(block: wire.Block, output: number): readonly Made[] {
    const name = block.outputs?.[output]?.name ?? "";
    const here = withName(
      this.run.named(name).filter((node) => this.holds(block, node)),
      name,
    );
    return here.length ? here : this.read(block, output);
  }

  /** What those that have a value have read, if it is nobody else's. */
  private read(block: wire.Block, output: number): readonly Made[] {
    const found = new Map<string, Made>();
    for (const target of this.readers.get(`${block.id},${output}`) ?? []) {
      const others = (target.arguments ?? []).flatMap(({ wire, place }) => {
        if (!wire || place === "definition" || String(wire) === `${block.id},${output}`) return [];
        const source = this.blocks.get(wire[0]);
        return source ? [this.exactOf(source)] : [];
      });
      if (others.some((one) => one.size === 0)) continue;
      const members = this.members(target);
      for (const id of members) {
        for (const { source, output: of = 0 } of this.run.readBy(id)) {
          const node = this.run.node(source);
          if (
            !node ||
            found.has(`${source},${of}`) ||
            members.has(source) ||
            !this.fits(block, output, node, of)
          )
            continue;
          if (others.some((one) => one.has(source))) continue;
          found.set(`${source},${of}`, { node, output: of });
        }
      }
    }
    return inOrder([...found.values()]);
  }

  private exactOf(block: wire.Block): ReadonlySet<number> {
    let found = this.exactly.get(block.id);
    if (!found) {
      found = new Set(this.exact(block).map((node) => node.id));
      this.exactly.set(block.id, found);
    }
    return found;
  }

  /** Whether a tensor can be that output: no parameter, nor what an optimizer made of one, and of its shape. */
  private fits(block: wire.Block, output: number, node: wire.Node, of: number): boolean {
    if (node.kind === "parameter") return false;
    const [shape, made] = [block.outputs?.[output]?.shape, node.outputs[of]?.shape];
    if (shape && String(shape) !== String(made)) return false;
    return this.run.around(node).next().value?.kind !== "optimizer";
  }

  /** A layer that hands on what it is given (Identity; Dropout while a model is evaluated) makes nothing of its own. */
  private passed(block: wire.Block): readonly Made[] {
    const outer = this.layerOf(block);
    if (!outer || this.scopesOf(outer).length === 0) return NOTHING;
    const first =
      outer.arguments?.find((one) => one.place === "definition" && one.wire)?.wire?.[0] === block.id;
    const input = first ? outer.arguments : block.arguments;
    const from = input?.find((one) => one.name === "input")?.wire;
    return from ? this.from(from) : NOTHING;
  }

  private from([id, output]: wire.Wire): readonly Made[] {
    const source = this.blocks.get(id);
    return source ? this.made(source, output) : NOTHING;
  }

  /** Every operation of a block. */
  members(block: wire.Block): ReadonlySet<number> {
    let members = this.parts.get(block.id);
    if (!members) {
      members = this.findMembers(block);
      this.parts.set(block.id, members);
    }
    return members;
  }

  private findMembers(block: wire.Block): ReadonlySet<number> {
    if (isFrame(block)) return new Set();
    if (block.kind === "module" || this.layerOf(block))
      return new Set(this.scopesOf(block).flatMap((scope) => this.run.in(scope.id).map((node) => node.id)));
    const place = this.at(block);
    if (block.kind === "code" && place) return this.run.between(place);
    return this.exactOf(block);
  }

  parameters(block: wire.Block): Match["parameters"] {
    if (block.kind !== "layer" || block.type === "nn.Sequential") return NO_PARAMETERS;
    const inner = this.run.parameters.filter((node) => this.holds(block, node));
    const { definition } = this.stands.get(block.id) ?? {};
    const nodes =
      inner.length || this.layerOf(block) || !definition
        ? inner
        : this.run.parameters.filter((node) => node.place && lies(node.place, definition));
    // Of a layer that is made anew in each round the last one.
    const last = new Map(nodes.map((node) => [nameIn(block, node.outputs[0]?.name ?? ""), node]));
    last.delete("");
    return [...last];
  }
}

/** `weight` of `net.fc1.weight`, `out_proj.weight` of `attention.out_proj.weight`. */
function nameIn(block: wire.Block, name: string): string {
  const own = block.key.split("/")[0]?.replace(/#\d+$/, "").split(".").at(-1) ?? "";
  const parts = name.split(".");
  const at = parts.lastIndexOf(own);
  return parts.slice(at < parts.length - 1 ? at + 1 : 0).join(".");
}

function withName(nodes: readonly wire.Node[], name: string): readonly Made[] {
  if (!name) return NOTHING;
  return nodes.flatMap((node) => {
    const output = node.outputs.findIndex((one) => one.name === name);
    return output >= 0 ? [{ node, output }] : [];
  });
}

function inOrder(made: readonly Made[]): readonly Made[] {
  return [...made].sort((one, other) => one.node.id - other.node.id);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
