/** The run as a row of moments: the operations in order, with each backward pass where it ran. */
import type * as wire from "../../protocol.gen";

export interface Recording {
  readonly nodes: readonly wire.Node[];
  readonly steps: readonly wire.Step[];
}

export interface Part {
  readonly kind: "forward" | "backward";
  /** Moments `from` up to but not including `to`. */
  readonly from: number;
  readonly to: number;
}

export interface Moment {
  readonly kind: "forward" | "backward";
  readonly node: number;
  /** The last backward step that has run by now; -1 if none has. */
  readonly step: number;
  readonly name: string;
}

export interface Moments {
  readonly all: readonly Moment[];
  readonly parts: readonly Part[];
  readonly operations: number;
}

/**
 * The wire tells the order of operations and the order of backward steps, not how they interleave; a pass is placed
 * after the last operation that it goes through.
 */
export function momentsOf({ nodes, steps }: Recording): Moments {
  const order = new Map<number, number>();
  const operations = nodes.filter((node) => node.kind === "op");
  for (const [i, node] of operations.entries()) order.set(node.id, i);

  const passes: { after: number; from: number; to: number }[] = [];
  for (const [i, step] of steps.entries()) {
    const at = order.get(step.node) ?? -1;
    const last = passes.at(-1);
    if (last && steps[last.from]?.call === step.call) {
      last.to = i + 1;
      last.after = Math.max(last.after, at);
    } else passes.push({ after: Math.max(at, last?.after ?? -1), from: i, to: i + 1 });
  }

  const all: Moment[] = [];
  const parts: Part[] = [];
  const add = (kind: Part["kind"], moments: readonly Moment[]) => {
    if (moments.length === 0) return;
    const last = parts.at(-1);
    const from = last?.kind === kind && kind === "forward" ? last.from : all.length;
    if (from !== all.length) parts.pop();
    all.push(...moments);
    parts.push({ kind, from, to: all.length });
  };
  let done = 0;
  const forward = (to: number, step: number) => {
    const some = operations.slice(done, to).map((node) => {
      const name = node.outputs.find((output) => output.name)?.name;
      const op = node.op.replace(/^aten::/, "");
      return { kind: "forward" as const, node: node.id, step, name: name ? `${op} → ${name}` : op };
    });
    done = Math.max(done, to);
    add("forward", some);
  };
  for (const pass of passes) {
    forward(pass.after + 1, pass.from - 1);
    const some = steps.slice(pass.from, pass.to).map((step, i) => ({
      kind: "backward" as const,
      node: step.node,
      step: pass.from + i,
      name: step.name,
    }));
    add("backward", some);
  }
  forward(operations.length, steps.length - 1);
  return { all, parts, operations: operations.length };
}
