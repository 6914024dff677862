/** The recorded computation as the diagram knows it: nodes, edges and scopes, growing with every `graph` event. */
import type * as wire from "../protocol.gen";

export type Flag = NonNullable<wire.Node["flags"]>[number];

export interface GNode {
  readonly id: number;
  /** Position in order of arrival, which is the order of execution. */
  readonly index: number;
  readonly kind: wire.Node["kind"];
  /** `sin`, without `aten::`; empty for a tensor whose making was not seen. */
  readonly op: string;
  readonly name: string;
  readonly line: number;
  readonly flags: ReadonlySet<Flag>;
  readonly failed: string;
  /** As it was recorded last, see `renew`. */
  wire: wire.Node;
  readonly scope: GScope;
  /** Of a view or a write in place: the node whose memory it shares. */
  readonly base: GNode | null;
  /** Views of its memory, and writes into it. */
  readonly views: GNode[];
  readonly ins: GEdge[];
  readonly outs: GEdge[];
  /** Equal for nodes that do the same thing at the same place; what folding compares. */
  readonly token: number;
}

export interface GEdge {
  readonly source: GNode;
  readonly target: GNode;
  readonly output: number;
  readonly input: number;
  readonly cut: boolean;
}

export interface GScope {
  readonly id: number;
  readonly kind: wire.Scope["kind"] | "root";
  readonly name: string;
  readonly type: string;
  /** Of an iteration: which, from 0. */
  readonly index: number;
  readonly parent: GScope | null;
  readonly depth: number;
  /** Nodes and scopes in the order of their first node. */
  readonly children: (GNode | GScope)[];
  /** Operations inside, however deep. */
  ops: number;
  /** Nodes of any kind inside, however deep. */
  size: number;
  readonly parameters: Set<GNode>;
  /** Changes whenever something inside changed. */
  version: number;
}

export function isScope(child: GNode | GScope): child is GScope {
  return "children" in child;
}

/** Whether gradients end here: detached, or made under no_grad. */
export function isCut(node: GNode): boolean {
  return node.flags.has("no_grad") || node.flags.has("detach");
}

const MAX_DEPTH = 200;
const NO_FLAGS: ReadonlySet<Flag> = new Set();
const KINDS: readonly wire.Node["kind"][] = ["op", "leaf", "parameter", "constant"];

function mix(hash: number, value: number): number {
  return (Math.imul(hash ^ value, 0x9e3779b1) ^ (hash >>> 15)) | 0;
}

export class GraphModel {
  readonly nodes: GNode[] = [];
  readonly byId = new Map<number, GNode>();
  readonly scopes = new Map<number, GScope>();
  readonly root: GScope = scope({ id: 0, kind: "root", name: "", parent: null });
  readonly steps: wire.Step[] = [];
  edges = 0;
  omitted = 0;
  version = 0;
  #tokens = new Map<string, number>();
  #waiting: wire.Edge[] = [];
  #placed = new Set<GScope>([this.root]);

  /** Adds what an event brings. Anything inconsistent (unknown ends, repeated ids) is left out, never fatal. */
  push(event: Pick<wire.Graph, "nodes" | "edges" | "scopes" | "steps" | "omitted">): void {
    for (const one of event.scopes ?? []) this.#addScope(one);
    for (const one of event.nodes ?? []) this.#addNode(one);
    const edges = this.#waiting.length ? [...this.#waiting, ...(event.edges ?? [])] : (event.edges ?? []);
    this.#waiting = [];
    for (const one of edges) this.#addEdge(one);
    for (const step of event.steps ?? []) this.steps.push(step);
    this.omitted = Math.max(this.omitted, event.omitted ?? 0);
    this.version++;
  }

  /** The same recording with other numbers: nothing is laid out anew. */
  renew(event: { readonly nodes: readonly wire.Node[]; readonly steps: readonly wire.Step[] }): void {
    event.nodes.forEach((one, i) => {
      const node = this.nodes[i];
      if (node) node.wire = one;
    });
    this.steps.splice(0, this.steps.length, ...event.steps);
    this.version++;
  }

  /** A small number for each distinct string. */
  token(text: string): number {
    let token = this.#tokens.get(text);
    if (token === undefined) {
      token = this.#tokens.size + 1;
      this.#tokens.set(text, token);
    }
    return token;
  }

  /** Folding compares thousands of nodes, so this is a hash of numbers rather than a string. */
  #tokenOf(one: wire.Node): number {
    let hash = this.token(one.op) * 31 + KINDS.indexOf(one.kind);
    hash = mix(hash, one.place?.line ?? 0);
    hash = mix(hash, one.place?.column ?? 0);
    for (const output of one.outputs) {
      hash = mix(hash, this.token(output.dtype) * 2 + (output.requires_grad ? 1 : 0));
      for (const size of output.shape) hash = mix(hash, size);
    }
    // What a step makes may become infinite; it still does the same.
    for (const flag of one.flags ?? []) if (flag !== "nonfinite") hash = mix(hash, this.token(flag));
    return hash;
  }

  #addScope(one: wire.Scope): void {
    if (one.id === 0 || this.scopes.has(one.id)) return;
    const known = this.scopes.get(one.parent) ?? this.root;
    const parent = known.depth < MAX_DEPTH ? known : this.root;
    this.scopes.set(one.id, scope({ ...one, parent }));
  }

  #addNode(one: wire.Node): void {
    if (this.byId.has(one.id)) return;
    const home = this.scopes.get(one.scope ?? 0) ?? this.root;
    const op = one.op.startsWith("aten::") ? one.op.slice(6) : one.op;
    const node: GNode = {
      id: one.id,
      index: this.nodes.length,
      kind: one.kind,
      op,
      name: one.outputs.find((output) => output.name)?.name ?? "",
      line: one.place?.line ?? 0,
      flags: one.flags?.length ? new Set(one.flags) : NO_FLAGS,
      failed: one.failed ?? "",
      wire: one,
      scope: home,
      base: this.byId.get(one.base ?? -1) ?? null,
      views: [],
      ins: [],
      outs: [],
      token: this.#tokenOf(one),
    };
    this.nodes.push(node);
    node.base?.views.push(node);
    this.byId.set(one.id, node);
    home.children.push(node);
    this.#place(home);
    for (let at: GScope | null = home; at; at = at.parent) {
      if (one.kind === "op") at.ops++;
      at.size++;
      at.version++;
    }
  }

  /** A scope takes its place among its parent's children when its first node comes, so empty scopes never show. */
  #place(home: GScope): void {
    for (let at = home; at.parent && !this.#placed.has(at); at = at.parent) {
      this.#placed.add(at);
      at.parent.children.push(at);
    }
  }

  #addEdge(one: wire.Edge): void {
    const source = this.byId.get(one.source);
    const target = this.byId.get(one.target);
    if (!source || !target) {
      if (this.#waiting.length < 10_000) this.#waiting.push(one);
      return;
    }
    if (source === target) return;
    const edge: GEdge = {
      source,
      target,
      output: one.output ?? 0,
      input: one.input ?? 0,
      cut: one.cut ?? false,
    };
    source.outs.push(edge);
    target.ins.push(edge);
    this.edges++;
    for (let at: GScope | null = target.scope; at; at = at.parent) {
      at.version++;
      if (source.kind === "parameter") at.parameters.add(source);
    }
    for (let at: GScope | null = source.scope; at; at = at.parent) at.version++;
  }
}

type NewScope = Pick<GScope, "id" | "kind" | "name" | "parent"> & { type?: string; index?: number };

function scope({ id, kind, name, parent, type = "", index = 0 }: NewScope): GScope {
  return {
    id,
    kind,
    name,
    type,
    index,
    parent,
    depth: parent ? parent.depth + 1 : 0,
    children: [],
    ops: 0,
    size: 0,
    parameters: new Set(),
    version: 0,
  };
}
