/** Builds recordings for tests and for the page that shows the diagram by itself. */
import type * as wire from "../protocol.gen";

export type Recorded = Pick<wire.Graph, "nodes" | "edges" | "scopes" | "steps" | "clears" | "omitted">;

export function valuesOf(data: readonly number[], keep = 64): wire.Values {
  const numel = data.length;
  const mean = data.reduce((sum, x) => sum + x, 0) / (numel || 1);
  const variance = numel > 1 ? data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (numel - 1) : 0;
  return {
    numel,
    data: data.slice(0, keep),
    mean,
    std: Math.sqrt(variance),
    min: Math.min(...data),
    max: Math.max(...data),
    norm: Math.sqrt(data.reduce((sum, x) => sum + x * x, 0)),
    zeros: data.filter((x) => x === 0).length,
  };
}

/** Numbers of a tensor too large to send: statistics only. */
export function statistics(shape: readonly number[], std = 1, mean = 0): wire.Values {
  const numel = shape.reduce((product, size) => product * size, 1);
  return {
    numel,
    mean,
    std,
    min: mean - 3.2 * std,
    max: mean + 3.4 * std,
    norm: Math.sqrt(numel * (std * std + mean * mean)),
  };
}

interface NodeOptions {
  name?: string;
  kind?: wire.Node["kind"];
  shape?: number[];
  dtype?: string;
  value?: wire.Values;
  grad?: boolean;
  flags?: wire.Node["flags"];
  version?: number;
  base?: number;
  line?: number;
  scope?: number;
  failed?: string;
  cut?: boolean;
}

/** Builds a recording node by node. */
export class Recorder {
  readonly nodes: wire.Node[] = [];
  readonly edges: wire.Edge[] = [];
  readonly scopes: wire.Scope[] = [];
  readonly steps: wire.Step[] = [];
  readonly clears: wire.Clear[] = [];
  #call = -1;

  scope(
    name: string,
    type: string,
    parent = 0,
    kind: wire.Scope["kind"] = "module",
    index = 0,
    line = 0,
  ): number {
    const id = this.scopes.length + 1;
    this.scopes.push({ id, parent, kind, name, type, index, line });
    return id;
  }

  clear(node: number, to: wire.Clear["to"], line = 0): void {
    this.clears.push({ node, to, line, after: this.nodes.length, step: this.steps.length });
  }

  /** Runs `body` so often, each time in an iteration's scope of a loop with this head. */
  loop(head: string, times: number, parent: number, body: (scope: number, i: number) => void): void {
    const loop = this.scope(head, "", parent, "loop");
    for (let i = 0; i < times; i++) body(this.scope(String(i), "", loop, "iteration", i), i);
  }

  add(op: string, inputs: readonly number[], options: NodeOptions = {}): number {
    const id = this.nodes.length;
    const shape = options.shape ?? [];
    const grad = options.grad ?? true;
    const kind = options.kind ?? "op";
    const title = op
      .replace(/_$/, "")
      .replace(/(^|_)(\w)/g, (_all, _gap, letter: string) => letter.toUpperCase());
    this.nodes.push({
      id,
      kind,
      op: op && !op.includes(".") ? `aten::${op}` : op,
      grad_fn: kind === "op" && grad && !options.flags?.includes("no_grad") ? `${title}Backward0` : "",
      cell: 0,
      ...(options.line
        ? { place: { line: options.line, column: 0, end_line: options.line, end_column: 20 } }
        : {}),
      scope: options.scope ?? 0,
      outputs: options.failed
        ? []
        : [
            {
              shape,
              dtype: options.dtype ?? "float32",
              name: options.name ?? "",
              requires_grad: grad,
              version: options.version ?? 0,
              value: options.value ?? statistics(shape),
            },
          ],
      flags: options.flags ?? [],
      failed: options.failed ?? "",
      ...(options.base === undefined ? {} : { base: options.base }),
    });
    inputs.forEach((source, input) => {
      this.edges.push({ source, target: id, output: 0, input, cut: options.cut ?? false });
    });
    return id;
  }

  call(): void {
    this.#call++;
  }

  step(node: number, entering: wire.Values, leaving: readonly [number, wire.Values][]): void {
    this.steps.push({
      index: this.steps.length,
      call: this.#call,
      node,
      name: this.nodes[node]?.grad_fn || "AccumulateGrad",
      entering: [entering],
      leaving: leaving.map(([target, grad]) => ({ target, output: 0, grad })),
      time_us: 12,
      after: this.nodes.length,
    });
  }

  accumulate(node: number, grad: wire.Values, total = grad): void {
    this.steps.push({
      index: this.steps.length,
      call: this.#call,
      node,
      name: "AccumulateGrad",
      entering: [grad],
      leaving: [],
      accumulated: total,
      time_us: 4,
      after: this.nodes.length,
    });
  }

  /** A backward pass over everything below `from`, with made-up gradients of the right shapes. */
  backward(from: number): void {
    this.call();
    const needs = new Set([from]);
    const into = new Map<number, number[]>();
    for (const edge of this.edges)
      if (!edge.cut) into.set(edge.target, [...(into.get(edge.target) ?? []), edge.source]);
    for (let id = from; id >= 0; id--) {
      const node = this.nodes[id];
      const first = node?.outputs[0];
      if (!node || !needs.has(id) || !first?.requires_grad) continue;
      const grad =
        first.value.numel === 1
          ? valuesOf([1 / (1 + from - id)])
          : statistics(first.shape, 0.02 * (1 + (id % 5)));
      const sources = (into.get(id) ?? []).filter((source) => this.nodes[source]?.outputs[0]?.requires_grad);
      if (!node.grad_fn) this.accumulate(node.base ?? id, grad);
      else {
        this.step(
          id,
          grad,
          sources.map((source) => [source, statistics(this.nodes[source]?.outputs[0]?.shape ?? [], 0.03)]),
        );
        for (const source of sources) needs.add(source);
      }
    }
  }

  done(omitted = 0): Recorded {
    const { nodes, edges, scopes, steps, clears } = this;
    return { nodes, edges, scopes, steps, clears, omitted };
  }
}
