/** The model as nested groups: scopes as recorded; loops and repetitions as series that open in windows. */
import { findRuns, type Run } from "./fold";
import { type GNode, type GraphModel, type GScope, isScope } from "./model";
import { bodyWords, type Chosen, endsShown, type Series, totals, windows } from "./series";

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
  /** Repetitions in a `loop`, a `repeat` or a `gap`. */
  readonly count: number;
  /** The first repetition of a `gap`, from 0. */
  readonly from: number;
  /** What a `loop` or a `repeat` is made of, and of a `gap` what it belongs to. */
  readonly series: Series | null;
  /** Whether this is the gap of its series in which people choose. */
  readonly chooses: boolean;
  /** Whether there is no series inside, so that choosing changes nothing here. */
  readonly plain: boolean;
}

export function isGroup(child: Child): child is Group {
  return "children" in child;
}

/** Direct children from which a repetition is folded. */
export const FOLD_NODES = 60;
/** Repeated scopes are folded from this many, since each is a large box. */
export const FOLD_SCOPES = 8;

/** Builds the tree; keeps what it found about each scope until that scope changes. */
export class TreeBuilder {
  #groups = new WeakMap<GScope, { version: number; revision: number; group: Group }>();
  #runs = new WeakMap<GScope, { version: number; items: (GNode | GScope)[]; runs: Run[] }>();
  #tokens = new WeakMap<GScope, { version: number; token: number }>();

  constructor(readonly model: GraphModel) {}

  /** `revision` changes whenever `chosen` does. */
  build(chosen: Chosen = new Map(), revision = 0): Group {
    return this.#group(this.model.root, chosen, revision);
  }

  #group(scope: GScope, chosen: Chosen, revision: number): Group {
    const known = this.#groups.get(scope);
    if (known?.version === scope.version && (known.group.plain || known.revision === revision)) {
      return known.group;
    }
    const group = scope.kind === "loop" ? this.#loop(scope, chosen, revision) : null;
    const made = group ?? this.#plainGroup(scope, this.#children(scope, chosen, revision));
    this.#groups.set(scope, { version: scope.version, revision, group: made });
    return made;
  }

  #plainGroup(scope: GScope, children: readonly Child[], series: Series | null = null): Group {
    return {
      key: `s${scope.id}`,
      kind: scope.kind,
      name: series
        ? `×${series.bodies.length}`
        : scope.kind === "iteration"
          ? `iteration ${scope.index + 1}`
          : scope.name,
      type: series ? scope.name : scope.type,
      children,
      scope,
      ops: scope.ops,
      size: scope.size,
      parameters: scope.parameters.size,
      count: series?.bodies.length ?? 0,
      from: 0,
      series,
      chooses: false,
      plain: !series && children.every((child) => !isGroup(child) || child.plain),
    };
  }

  /** A loop as the series of its iterations; null for one of which no iteration was recorded. */
  #loop(scope: GScope, chosen: Chosen, revision: number): Group | null {
    const before: Child[] = [];
    const bodies: Child[][] = [];
    const numbers: number[] = [];
    const inlined = scope.children.every((child) => isScope(child) && isOneBox(child));
    for (const child of scope.children) {
      const group = isScope(child) ? this.#group(child, chosen, revision) : child;
      if (isScope(child) && child.kind === "iteration") {
        bodies.push(inlined && isGroup(group) ? [...group.children] : [group]);
        numbers.push(child.index + 1);
      } else (bodies.at(-1) ?? before).push(group);
    }
    if (bodies.length === 0) return null;
    const period = Math.ceil(scope.size / bodies.length);
    const series = {
      key: `s${scope.id}`,
      bodies,
      numbers,
      period,
      unit: "iteration",
      of: scope.name,
    } as const;
    const ends = scope.size <= FOLD_NODES ? bodies.length : inlined ? endsShown(1) : 1;
    return this.#plainGroup(scope, [...before, ...windows(series, ends, chosen.get(series.key))], series);
  }

  #children(scope: GScope, chosen: Chosen, revision: number): Child[] {
    const expand = (child: GNode | GScope): Child =>
      isScope(child) ? this.#group(child, chosen, revision) : child;
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
      "period" in child ? repeatGroup(bodies.get(child) ?? [], child, chosen) : child,
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
    const name = item.type || (item.kind === "iteration" ? "" : item.name);
    const token = this.model.token(`scope|${item.kind}|${name}|${item.ops}|${hash}`);
    this.#tokens.set(item, { version: item.version, token });
    return token;
  }
}

/** An iteration that is one box anyway needs none around it; what is itself done over and over keeps its number. */
function isOneBox(scope: GScope): boolean {
  const [only, second] = scope.children;
  if (scope.kind !== "iteration" || !only || second) return false;
  return !isScope(only) || only.kind === "module" || only.kind === "function";
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

function repeatGroup(bodies: Child[][], run: Run, chosen: Chosen): Group {
  const first = bodies[0]?.[0];
  const key = `r${first ? anchor(first) : run.start}:${run.period}`;
  const numbers = bodies.map((_, i) => i + 1);
  const of = bodyWords(bodies[0] ?? [], run.period);
  const series = { key, bodies, numbers, period: run.period, unit: "repetition", of } as const;
  return {
    key,
    kind: "repeat",
    name: `×${bodies.length}`,
    type: of,
    children: windows(series, endsShown(run.period), chosen.get(key)),
    scope: null,
    ...totals(bodies.flat()),
    count: bodies.length,
    from: 0,
    series,
    chooses: false,
    plain: false,
  };
}

function anchor(child: Child): string {
  return isGroup(child) ? child.key : String(child.id);
}
