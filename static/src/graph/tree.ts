/** The model as nested groups: scopes as recorded, and repetitions folded into "x1000" groups that open in windows. */
import { findRuns, type Run } from "./fold";
import { type GNode, type GraphModel, type GScope, isScope } from "./model";

export type GroupKind = GScope["kind"] | "repeat" | "gap";
export type Child = GNode | Group;

export interface Group {
  readonly key: string;
  readonly kind: GroupKind;
  readonly name: string;
  readonly type: string;
  readonly children: readonly Child[];
  readonly scope: GScope | null;
  readonly ops: number;
  readonly size: number;
  readonly parameters: number;
  /** Repetitions in a `repeat` or a `gap`. */
  readonly count: number;
  /** Index of the first repetition in a `gap`. */
  readonly from: number;
  /** The `repeat` group a `gap` belongs to. */
  readonly repeat: string;
}

export function isGroup(child: Child): child is Group {
  return "children" in child;
}

/** Which repetitions of a folded group have been asked for, by the group's key. */
export type Revealed = ReadonlyMap<string, ReadonlySet<number>>;

/** Direct children from which a repetition is folded. */
export const FOLD_NODES = 60;
/** Repeated scopes are folded from this many, since each is a large box. */
export const FOLD_SCOPES = 8;
/** About this many nodes of a repetition are shown at its start and at its end when it is opened. */
const WINDOW = 8;

/** Builds the tree; keeps what it found about each scope until that scope changes. */
export class TreeBuilder {
  #groups = new WeakMap<GScope, { version: number; revision: number; group: Group }>();
  #runs = new WeakMap<GScope, { version: number; items: (GNode | GScope)[]; runs: Run[] }>();
  #tokens = new WeakMap<GScope, { version: number; token: number }>();

  constructor(readonly model: GraphModel) {}

  /** `revision` changes whenever `revealed` does. */
  build(revealed: Revealed = new Map(), revision = 0): Group {
    return this.#group(this.model.root, revealed, revision);
  }

  #group(scope: GScope, revealed: Revealed, revision: number): Group {
    const known = this.#groups.get(scope);
    if (known?.version === scope.version && known.revision === revision) return known.group;
    const group: Group = {
      key: `s${scope.id}`,
      kind: scope.kind,
      name: scope.name,
      type: scope.type,
      children: this.#children(scope, revealed, revision),
      scope,
      ops: scope.ops,
      size: scope.size,
      parameters: scope.parameters.size,
      count: 0,
      from: 0,
      repeat: "",
    };
    this.#groups.set(scope, { version: scope.version, revision, group });
    return group;
  }

  #children(scope: GScope, revealed: Revealed, revision: number): Child[] {
    const expand = (child: GNode | GScope): Child =>
      isScope(child) ? this.#group(child, revealed, revision) : child;
    const { items, runs } = this.#findRuns(scope);
    if (runs.length === 0) return scope.children.map(expand);

    const runOf = new Map<GNode | GScope, Home>();
    for (const run of runs) {
      for (let i = 0; i < run.count * run.period; i++) {
        const item = items[run.start + i];
        if (item) runOf.set(item, { run, at: Math.floor(i / run.period) });
      }
    }
    for (const [leaf, home] of leavesOfOne(scope, runOf)) runOf.set(leaf, home);
    const bodies = new Map<Run, Child[][]>();
    const children: (Child | Run)[] = [];
    for (const child of scope.children) {
      const home = runOf.get(child);
      if (!home) {
        children.push(expand(child));
        continue;
      }
      let body = bodies.get(home.run);
      if (!body) {
        body = Array.from({ length: home.run.count }, () => []);
        bodies.set(home.run, body);
        children.push(home.run);
      }
      body[home.at]?.push(expand(child));
    }
    return children.map((child) =>
      "period" in child ? repeatGroup(bodies.get(child) ?? [], child, revealed) : child,
    );
  }

  #findRuns(scope: GScope): { items: (GNode | GScope)[]; runs: Run[] } {
    const known = this.#runs.get(scope);
    if (known?.version === scope.version) return known;
    const items = scope.children.filter((child) => isScope(child) || child.kind === "op");
    const scopesBefore = new Int32Array(items.length + 1);
    items.forEach((item, i) => {
      scopesBefore[i + 1] = (scopesBefore[i] ?? 0) + (isScope(item) ? 1 : 0);
    });
    const worth = ({ start, period, count }: Run) => {
      const scopes = (scopesBefore[start + period] ?? 0) - (scopesBefore[start] ?? 0);
      return period * count > FOLD_NODES || (scopes > 0 && count >= FOLD_SCOPES);
    };
    const runs =
      items.length < FOLD_SCOPES
        ? []
        : findRuns(
            Int32Array.from(items, (item) => this.#token(item)),
            { worth },
          );
    const found = { version: scope.version, items, runs };
    this.#runs.set(scope, found);
    return found;
  }

  #token(item: GNode | GScope): number {
    if (!isScope(item)) return item.token;
    const known = this.#tokens.get(item);
    if (known?.version === item.version) return known.token;
    let hash = 17;
    // Leaves are recorded where they are first met, so only the first repetition would have them.
    for (const child of item.children) {
      if (isScope(child) || child.kind === "op") hash = (Math.imul(hash, 31) + this.#token(child)) | 0;
    }
    // The names of repeated modules differ by their number only ("layers.3"), so the name is not compared.
    const token = this.model.token(`scope|${item.kind}|${item.type || item.name}|${item.ops}|${hash}`);
    this.#tokens.set(item, { version: item.version, token });
    return token;
  }
}

interface Home {
  run: Run;
  /** Which repetition. */
  at: number;
}

/**
 * Tensors made for one repetition alone belong inside it. What only the first one takes, and has no like in the others,
 * is where the loop starts from and stays outside.
 */
function leavesOfOne(scope: GScope, runOf: ReadonlyMap<GNode | GScope, Home>): Map<GNode, Home> {
  const found = new Map<GNode, Home>();
  const later = new Set<number>();
  for (const child of scope.children) {
    if (isScope(child) || runOf.has(child)) continue;
    const homes = child.outs.map((edge) => runOf.get(ancestorIn(edge.target, scope)));
    const home = homes[0];
    if (!home || homes.some((other) => other?.run !== home.run || other.at !== home.at)) continue;
    found.set(child, home);
    if (home.at > 0) later.add(child.token);
  }
  for (const [leaf, home] of found) if (home.at === 0 && !later.has(leaf.token)) found.delete(leaf);
  return found;
}

/** The child of `scope` that holds `node`, or the node itself when it is elsewhere. */
function ancestorIn(node: GNode, scope: GScope): GNode | GScope {
  let child: GNode | GScope = node;
  let at: GScope | null = node.scope;
  while (at && at !== scope) {
    child = at;
    at = at.parent;
  }
  return at ? child : node;
}

function repeatGroup(bodies: Child[][], run: Run, revealed: Revealed): Group {
  const first = bodies[0]?.[0];
  const key = `r${first ? anchor(first) : run.start}:${run.period}`;
  const shown = shownRepetitions(run, revealed.get(key));
  const children: Child[] = [];
  for (let at = 0; at < bodies.length; ) {
    let end = at;
    while (end < bodies.length && !shown.has(end)) end++;
    if (end > at) {
      const hidden = bodies.slice(at, end);
      children.push(fold("gap", `${key}:${at}-${end}`, hidden.flat(), run, end - at, at, key));
      at = end;
    } else {
      for (const child of bodies[at] ?? []) children.push(child);
      at++;
    }
  }
  return { ...fold("repeat", key, bodies.flat(), run, bodies.length, 0, key), children };
}

function fold(
  kind: "repeat" | "gap",
  key: string,
  inside: Child[],
  run: Run,
  count: number,
  from: number,
  repeat: string,
): Group {
  let ops = 0;
  let size = 0;
  let parameters = 0;
  for (const child of inside) {
    ops += isGroup(child) ? child.ops : child.kind === "op" ? 1 : 0;
    size += isGroup(child) ? child.size : 1;
    parameters = Math.max(parameters, isGroup(child) ? child.parameters : 0);
  }
  return {
    key,
    kind,
    name: `×${count}`,
    type: body(inside, run),
    children: inside,
    scope: null,
    ops,
    size,
    parameters,
    count,
    from,
    repeat,
  };
}

/** What one repetition does, in few words: `div, mul`, `Block ×4, SparseBlock`. */
function body(inside: Child[], run: Run): string {
  const names: { name: string; times: number }[] = [];
  for (const child of inside.filter((one) => isGroup(one) || one.kind === "op").slice(0, run.period)) {
    const name = isGroup(child) ? child.type || child.name : child.op;
    const last = names.at(-1);
    if (last?.name === name) last.times++;
    else names.push({ name, times: 1 });
  }
  const words = names.map(({ name, times }) => (times > 1 ? `${name} ×${times}` : name));
  return words.length > 4 ? `${words.slice(0, 3).join(", ")}, …` : words.join(", ");
}

function shownRepetitions(run: Run, asked: ReadonlySet<number> | undefined): ReadonlySet<number> {
  const each = Math.max(1, Math.min(4, Math.floor(WINDOW / run.period)));
  const shown = new Set(asked);
  for (let i = 0; i < each; i++) {
    shown.add(i);
    shown.add(run.count - 1 - i);
  }
  return shown;
}

function anchor(child: Child): string {
  return isGroup(child) ? child.key : String(child.id);
}
