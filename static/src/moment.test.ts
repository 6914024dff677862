import { describe, expect, it } from "vitest";
import {
  chain,
  cuts,
  descent,
  FIXTURES,
  longChain,
  type Recorded,
  Recorder,
  tinyModel,
  valuesOf,
} from "./graph/fixtures";
import { ratio } from "./measured";
import { momentsOf, stateAt, sum } from "./moment";
import type * as wire from "./protocol.gen";

const number = (values: wire.Values | null | undefined) => values?.data?.[0] ?? null;
const fresh = (recorded: Recorded): Recorded => structuredClone(recorded);
const idOf = (recorded: Recorded, name: string) =>
  recorded.nodes.find((node) => node.outputs[0]?.name === name)?.id ?? -1;

/** The run with the programs' own words, one moment after the other: what stateAt is compared with. */
function replay(recorded: Recorded) {
  const exists = new Set<number>();
  const value = new Map<number, wire.Values>();
  const accumulated = new Map<number, wire.Values | null>();
  const grad = new Map<number, wire.Values>();
  let call = -1;
  return momentsOf(recorded).all.map(({ kind, at }) => {
    const step = kind === "backward" ? recorded.steps[at] : undefined;
    if (step) {
      if (step.call !== call) for (const { id } of recorded.nodes) grad.delete(id);
      call = step.call;
      if (step.entering?.[0]) grad.set(step.node, step.entering[0]);
      if (step.accumulated) accumulated.set(step.node, step.accumulated);
    } else if (kind === "clear") {
      const clear = recorded.clears[at] as wire.Clear;
      accumulated.set(clear.node, clear.to === "none" ? null : valuesOf([0]));
    } else {
      for (const node of recorded.nodes.slice(0, at + 1)) {
        if (exists.has(node.id)) continue;
        exists.add(node.id);
        if (node.outputs[0]) value.set(node.base ?? node.id, node.outputs[0].value);
      }
    }
    return {
      exists: new Set(exists),
      value: new Map(value),
      accumulated: new Map(accumulated),
      grad: new Map(grad),
      step,
    };
  });
}

/** A training loop of random shape: several leaves, losses, clears or none, more than one pass in an iteration. */
function random(seed: number): Recorded {
  let state = seed;
  const below = (n: number) => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  const r = new Recorder();
  const leaves = Array.from({ length: 1 + below(4) }, (_, i) =>
    r.add("tensor", [], { name: `p${i}`, kind: "leaf", value: valuesOf([below(100)]) }),
  );
  const present = [...leaves];
  const total = leaves.map(() => 0);
  for (let i = 0; i < 2 + below(6); i++) {
    if (below(3)) {
      for (const [k, leaf] of leaves.entries())
        if (below(4)) {
          r.clear(leaf, below(2) ? "zero" : "none");
          total[k] = 0;
        }
    }
    for (let pass = 0; pass < 1 + below(2); pass++) {
      const made = Array.from({ length: 1 + below(5) }, () =>
        r.add("mul", [present[below(present.length)] ?? 0], { value: valuesOf([below(50)]) }),
      );
      const loss = r.add("add", made, { name: "loss", value: valuesOf([below(9)]) });
      r.call();
      r.step(
        loss,
        valuesOf([1]),
        made.map((one) => [one, valuesOf([1])]),
      );
      for (const one of made.reverse()) {
        const source = r.edges.find((edge) => edge.target === one)?.source ?? 0;
        r.step(one, valuesOf([1]), [[source, valuesOf([below(7)])]]);
      }
      for (const [k, leaf] of leaves.entries()) {
        const parts = r.steps
          .filter((step) => step.call === r.steps.at(-1)?.call)
          .flatMap((step) => step.leaving ?? [])
          .filter((flow) => flow.target === present[k]);
        if (parts.length === 0) continue;
        const all = parts.reduce((x, flow) => x + Number(flow.grad.data?.[0]), 0);
        total[k] = (total[k] ?? 0) + all;
        r.accumulate(leaf, valuesOf([all]), valuesOf([total[k] ?? 0]));
      }
    }
    if (below(4)) {
      const scope = r.scope("SGD", "SGD", 0, "optimizer");
      for (const [k, leaf] of leaves.entries())
        present[k] = r.add("SGD.step", [present[k] ?? 0], {
          name: `p${k}`,
          base: leaf,
          flags: ["no_grad", "inplace"],
          cut: true,
          scope,
          value: valuesOf([below(100)]),
        });
    }
  }
  return r.done();
}

const RANDOM = Array.from({ length: 25 }, (_, seed) => random(1000 + 77 * seed));

describe("stateAt", () => {
  it("has what was computed by then, and no later value", () => {
    const recorded = chain();
    const known = (time: number | null) =>
      recorded.nodes
        .filter(({ id }) => stateAt(recorded, time).isComputed(id))
        .map(({ outputs }) => outputs[0]?.name);
    expect(known(0)).toEqual(["a"]);
    expect(known(2)).toEqual(["a", "b", "c"]);
    expect(known(6)).toEqual(["a", "b", "c", "d", "out"]);
    expect(known(null)).toEqual(["a", "b", "c", "d", "out"]);
    expect(stateAt(recorded, 1).value(2)).toBeNull();
  });

  it("shows of a leaf the present value, and how often it was updated", () => {
    const recorded = descent(3);
    const w = idOf(recorded, "w");
    const seen = momentsOf(recorded).all.map((_, time) => [
      stateAt(recorded, time).updates(w),
      number(stateAt(recorded, time).value(w)?.value),
    ]);
    expect(seen[0]).toEqual([0, 2]);
    expect(new Set(seen.map(([count]) => count))).toEqual(new Set([0, 1, 2, 3]));
    // w - 0.1 (2 (0.5 w - 3) 0.5 + b) for w = 2, b = 1
    expect(seen.find(([count]) => count === 1)?.[1]).toBeCloseTo(2.1);
    const end = stateAt(recorded, null);
    expect(end.value(w)?.version).toBe(3);
    expect(end.present(w)?.op).toBe("SGD.step");
    const first = recorded.nodes.find((node) => node.base === w)?.id ?? 0;
    expect([end.leafOf(first), number(end.value(first)?.value)]).toEqual([w, expect.closeTo(2.1)]);
  });

  it("tells the gradient of this call from the accumulated .grad", () => {
    const recorded = descent(3, false);
    const [w, b] = [idOf(recorded, "w"), idOf(recorded, "b")];
    const end = stateAt(recorded, null);
    const of = recorded.steps
      .filter((step) => step.node === w)
      .map((step) => Number(step.entering?.[0]?.data?.[0]));
    expect(number(end.grad(w))).toBe(of[2]);
    expect(number(end.accumulated(w))).toBeCloseTo((of[0] ?? 0) + (of[1] ?? 0) + (of[2] ?? 0));
    expect([end.accumulations(w), end.accumulations(b), end.call]).toEqual([3, 3, 2]);
  });

  it("knows that .grad was set back, and to what", () => {
    const recorded = descent(2);
    const w = idOf(recorded, "w");
    const cleared = momentsOf(recorded).all.findIndex((moment) => moment.kind === "clear");
    expect(number(stateAt(recorded, cleared - 1).accumulated(w))).toBe(-1);
    expect(number(stateAt(recorded, cleared).accumulated(w))).toBe(0);
    expect(stateAt(recorded, cleared).accumulations(w)).toBe(0);
    expect(stateAt(recorded, cleared).clear?.line).toBe(4);
    const none = { ...recorded, clears: recorded.clears.map((clear) => ({ ...clear, to: "none" as const })) };
    expect(stateAt(fresh(none), cleared).accumulated(w)).toBeNull();
    expect(stateAt(recorded, null).accumulations(w)).toBe(1);
  });

  it("lists what the paths contributed, as it arrives, and sums it", () => {
    const recorded = descent(1);
    const w = idOf(recorded, "w");
    const at = (time: number) => {
      const now = stateAt(recorded, time);
      return [now.contributions(w).map((one) => [one.name, number(one.grad)]), number(now.grad(w))];
    };
    expect(at(7)).toEqual([[], null]);
    expect(at(8)).toEqual([[["MulBackward0", 1]], 1]);
    expect(at(12)).toEqual([
      [
        ["MulBackward0", 1],
        ["MulBackward0", -2],
      ],
      -1,
    ]);
    expect(at(13)).toEqual([
      [
        ["MulBackward0", 1],
        ["MulBackward0", -2],
      ],
      -1,
    ]);
    expect(stateAt(recorded, 12).accumulated(w)).toBeNull();
    expect(number(stateAt(recorded, 13).accumulated(w))).toBe(-1);
  });

  it("gives every value of a leaf the gradient that reached that value", () => {
    const recorded = descent(3);
    const w = idOf(recorded, "w");
    const updates = recorded.nodes.filter((node) => node.base === w).map((node) => node.id);
    const of = recorded.steps
      .filter((step) => step.node === w)
      .map((step) => number(step.entering?.[0] ?? null));
    const end = stateAt(recorded, null);
    expect(updates.map((id) => number(end.grad(id)))).toEqual([of[1], of[2], null]);
    expect(updates.map((id) => number(end.accumulated(id)))).toEqual([of[1], of[2], of[2]]);
  });

  it("hides gradients of other passes while one runs", () => {
    const recorded = descent(2);
    const loss = recorded.nodes.filter((node) => node.outputs[0]?.name === "loss").map((node) => node.id);
    const second = momentsOf(recorded).all.findIndex(
      (moment) => moment.kind === "backward" && moment.at === 7,
    );
    const grads = (time: number | null) => loss.map((id) => number(stateAt(recorded, time).grad(id)));
    expect(grads(second - 1)).toEqual([1, null]);
    expect(grads(second)).toEqual([null, 1]);
    expect(grads(null)).toEqual([1, 1]);
    expect(stateAt(recorded, second).isDone(loss[1] ?? 0)).toBe(true);
    expect(stateAt(recorded, second).isDone(loss[0] ?? 0)).toBe(false);
    expect(stateAt(recorded, null).isDone(loss[1] ?? 0)).toBe(false);
  });

  it("knows lines and iterations", () => {
    const recorded = descent(3);
    const { all } = momentsOf(recorded);
    const states = all.map((_, time) => stateAt(recorded, time));
    expect(states.slice(0, 3).map((now) => now.running)).toEqual([1, 1, 5]);
    expect(states[2]?.iterations).toEqual([{ loop: "for i in range(3)", line: 3, index: 0, of: 3 }]);
    expect(states.at(-1)?.iterations[0]?.index).toBe(2);
    expect(states.at(-1)?.running).toBe(9);
    expect(stateAt(recorded, null).running).toBe(0);
  });

  it.each([
    ...Object.entries(FIXTURES)
      .filter(([name]) => ["chain", "tinyModel", "descent", "cuts", "longChain"].includes(name))
      .map(([name, make]) => [name, name === "longChain" ? longChain(40) : make()] as const),
    ...RANDOM.map((one, i) => [`random ${i}`, one] as const),
  ])("is what a replay from the beginning gives, forward, back and after a jump: %s", (_name, recorded) => {
    const expected = replay(recorded);
    const roots = recorded.nodes.filter((node) => node.base === undefined);
    const check = (time: number, now = stateAt(recorded, time)) => {
      const want = expected[time];
      for (const { id, grad_fn, outputs } of roots) {
        expect(now.isComputed(id) || !want?.exists.has(id)).toBe(true);
        if (want?.exists.has(id) && outputs.length) expect(now.value(id)?.value).toEqual(want.value.get(id));
        expect(number(now.accumulated(id))).toEqual(number(want?.accumulated.get(id)));
        if (want?.step && (grad_fn || now.isDone(id)) && (now.isDone(id) || want.grad.has(id)))
          expect(number(now.grad(id))).toEqual(number(want.grad.get(id)));
      }
    };
    for (let time = 0; time < expected.length; time++) check(time);
    for (let time = expected.length - 1; time >= 0; time -= 3) check(time);
    for (let k = 0; k < 8; k++) {
      const time = (k * 7919) % expected.length;
      check(time, stateAt(fresh(recorded), time));
    }
  });

  it("is the same for a recording that came in pieces", () => {
    for (const whole of [descent(4), tinyModel(2), ...RANDOM.slice(0, 5)]) {
      const now = stateAt(fresh(whole), null);
      let grown: Recorded = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };
      const last = momentsOf(whole).all.length;
      for (let share = 0.2; share <= 1.01; share += 0.2) {
        const upTo = Math.round(Math.min(1, share) * last);
        const { nodes = 0, steps = 0, clears = 0 } = momentsOf(whole).all[upTo - 1] ?? {};
        grown = {
          ...whole,
          nodes: whole.nodes.filter((node) => node.id < nodes),
          edges: whole.edges.filter((edge) => edge.target < nodes),
          steps: whole.steps.slice(0, steps),
          clears: whole.clears.slice(0, clears),
        };
        stateAt(grown, null);
      }
      const streamed = stateAt(grown, null);
      expect(momentsOf(grown).all).toEqual(momentsOf(fresh(whole)).all);
      for (const { id } of grown.nodes) {
        expect(streamed.grad(id)).toEqual(now.grad(id));
        expect(streamed.accumulated(id)).toEqual(now.accumulated(id));
        expect(streamed.value(id)).toEqual(now.value(id));
        expect(streamed.contributions(id)).toEqual(now.contributions(id));
      }
    }
  });

  it("keeps runs apart that begin with the same", () => {
    const recorded = chain();
    const without = { ...recorded, steps: [] };
    expect(stateAt(recorded, null).steps).toBe(5);
    expect(stateAt(without, null).grad(4)).toBeNull();
    const other = {
      ...recorded,
      steps: fresh(recorded).steps.map((step) => ({ ...step, entering: [valuesOf([7])] })),
    };
    expect(number(stateAt(other, null).grad(4))).toBe(7);
    expect(number(stateAt(recorded, null).grad(4))).toBe(1);
  });

  it("does not mind an empty recording, or a moment that is not there", () => {
    const nothing = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };
    expect([
      stateAt(nothing, null).grad(1),
      stateAt(nothing, 5).value(1),
      stateAt(nothing, null).active,
    ]).toEqual([null, null, null]);
    expect(stateAt(cuts(), 10_000).moment).toBeNull();
  });

  it("answers quickly in a long run, wherever it jumps", () => {
    const recorded = longChain(5000);
    const { all } = momentsOf(recorded);
    expect(all.length).toBeGreaterThan(20_000);
    stateAt(recorded, 0);
    // Measured 0.27: 2,000 nodes at a moment in some tenths of a millisecond.
    let k = 0;
    const found = ratio(() => {
      const now = stateAt(recorded, (k++ * 7919) % all.length);
      for (let id = 0; id < 2000; id++)
        if (now.value(id) && now.grad(id) && now.accumulated(id)) now.contributions(id);
    }, 50);
    expect(found).toBeLessThan(1.5);
  });
});

describe("sum", () => {
  it("adds numbers where all are known", () => {
    expect(sum([valuesOf([0.5, 1]), valuesOf([1.5, -1])])).toMatchObject({
      numel: 2,
      data: [2, 0],
      norm: 2,
      zeros: 1,
    });
    expect(sum([valuesOf([0.5, 1]), { numel: 2, norm: 1 }])).toBeNull();
    expect(sum([])).toBeNull();
    expect(sum([valuesOf([1]), { numel: 1, data: ["inf"] }])?.data).toEqual(["inf"]);
  });
});
