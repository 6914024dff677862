/** Recordings to look at and to test with, as a server would send them. The small ones hold true numbers. */
import { type Recorded, Recorder, statistics, valuesOf } from "./recorder";

export { type Recorded, Recorder, statistics, valuesOf };

/** The tutorial's first program: a = linspace(0, 2 pi, 25); out = (2 sin(a) + 1).sum(); out.backward(). */
export function chain(): Recorded {
  const r = new Recorder();
  const a = Array.from({ length: 25 }, (_, i) => (2 * Math.PI * i) / 24);
  const b = a.map(Math.sin);
  const c = b.map((x) => 2 * x);
  const d = c.map((x) => x + 1);
  const ones = a.map(() => 1);
  const twos = a.map(() => 2);
  const da = a.map((x) => 2 * Math.cos(x));
  const na = r.add("linspace", [], { name: "a", kind: "leaf", shape: [25], value: valuesOf(a), line: 3 });
  const nb = r.add("sin", [na], { name: "b", shape: [25], value: valuesOf(b), line: 4 });
  const nc = r.add("mul", [nb], { name: "c", shape: [25], value: valuesOf(c), line: 5 });
  const nd = r.add("add", [nc], { name: "d", shape: [25], value: valuesOf(d), line: 6 });
  const out = r.add("sum", [nd], { name: "out", value: valuesOf([d.reduce((x, y) => x + y, 0)]), line: 7 });
  r.call();
  r.step(out, valuesOf([1]), [[nd, valuesOf(ones)]]);
  r.step(nd, valuesOf(ones), [[nc, valuesOf(ones)]]);
  r.step(nc, valuesOf(ones), [[nb, valuesOf(twos)]]);
  r.step(nb, valuesOf(twos), [[na, valuesOf(da)]]);
  r.accumulate(na, valuesOf(da));
  return r.done();
}

/** The tutorial's TinyModel: two linear layers, the squared distance to what is wanted, and one step of SGD. */
export function tinyModel(passes = 1): Recorded {
  const r = new Recorder();
  const grad = false;
  const input = r.add("randn", [], {
    name: "some_input",
    kind: "constant",
    shape: [16, 1000],
    grad,
    line: 23,
  });
  const ideal = r.add("randn", [], {
    name: "ideal_output",
    kind: "constant",
    shape: [16, 10],
    grad,
    line: 24,
  });
  const parameter = (name: string, shape: number[]) =>
    r.add("", [], { name, kind: "parameter", shape, value: statistics(shape, 0.02) });
  let [w1, b1, w2, b2] = [
    parameter("layer1.weight", [100, 1000]),
    parameter("layer1.bias", [100]),
    parameter("layer2.weight", [10, 100]),
    parameter("layer2.bias", [10]),
  ];
  for (let pass = 0; pass < passes; pass++) {
    const model = r.scope("TinyModel", "TinyModel");
    const linear = (name: string, x: number, w: number, b: number, sizes: [number, number]) => {
      const scope = r.scope(name, "Linear", model);
      const t = r.add("t", [w], {
        shape: sizes,
        value: statistics(sizes, 0.02),
        scope,
        flags: ["view"],
        line: 14,
      });
      return r.add("addmm", [b, x, t], {
        shape: [16, sizes[1]],
        value: statistics([16, sizes[1]], 0.58),
        scope,
        line: 14,
      });
    };
    const h = linear("layer1", input, w1, b1, [1000, 100]);
    const relu = r.add("relu", [h], {
      shape: [16, 100],
      value: statistics([16, 100], 0.3, 0.23),
      scope: r.scope("relu", "ReLU", model),
      line: 15,
    });
    const y = linear("layer2", relu, w2, b2, [100, 10]);
    const sub = r.add("sub", [ideal, y], { shape: [16, 10], value: statistics([16, 10], 1.1), line: 30 });
    const pow = r.add("pow", [sub], { shape: [16, 10], value: statistics([16, 10], 1.4, 1.2), line: 30 });
    const loss = r.add("sum", [pow], { name: "loss", value: valuesOf([142.7238]), line: 30 });
    r.backward(loss);
    const optimizer = r.scope("optimizer", "SGD", 0, "optimizer");
    [w1, b1, w2, b2] = [w1, b1, w2, b2].map((p) => {
      const shape = r.nodes[p]?.outputs[0]?.shape ?? [];
      const name = r.nodes[p]?.outputs[0]?.name ?? "";
      return r.add("SGD.step", [p], {
        name,
        shape,
        base: r.nodes[p]?.base ?? p,
        cut: true,
        flags: ["inplace", "no_grad"],
        version: pass + 1,
        value: statistics(shape, 0.02),
        scope: optimizer,
        line: 33,
      });
    }) as [number, number, number, number];
  }
  return r.done();
}

/**
 * `w, b = 2, 1`, and in each iteration the loss (w x - 3)^2 + w b for x = 0.5, its gradients by hand, and SGD with
 * lr = 0.1. Every number is true: `w` gets a gradient along two paths, and its `.grad` is set back at the beginning.
 */
export function descent(times = 3, zero = true): Recorded {
  const r = new Recorder();
  const scalar = (value: number) => valuesOf([value]);
  const [target, x, lr] = [3, 0.5, 0.1];
  const leaf = { kind: "leaf", line: 1 } as const;
  let [w, b] = [2, 1];
  const nw = r.add("tensor", [], { ...leaf, name: "w", value: scalar(w) });
  const nb = r.add("tensor", [], { ...leaf, name: "b", value: scalar(b) });
  let [aw, ab] = [nw, nb];
  const loop = r.scope("for i in range(3)", "", 0, "loop", 0, 3);
  let [gradW, gradB] = [0, 0];
  for (let i = 0; i < times; i++) {
    const scope = r.scope(String(i), "", loop, "iteration", i, 3);
    if (zero && i > 0) {
      r.clear(nw, "zero", 4);
      r.clear(nb, "zero", 4);
      [gradW, gradB] = [0, 0];
    }
    const y = w * x;
    const d = y - target;
    const ny = r.add("mul", [aw], { name: "y", value: scalar(y), scope, line: 5 });
    const nd = r.add("sub", [ny], { name: "d", value: scalar(d), scope, line: 6 });
    const square = r.add("pow", [nd], { value: scalar(d * d), scope, line: 7 });
    const p = r.add("mul", [aw, ab], { value: scalar(w * b), scope, line: 7 });
    const loss = r.add("add", [square, p], { name: "loss", value: scalar(d * d + w * b), scope, line: 7 });
    const [one, gy, gw1, gw2] = [scalar(1), scalar(2 * d), scalar(2 * d * x), scalar(b)];
    r.call();
    r.step(loss, one, [
      [square, one],
      [p, one],
    ]);
    r.step(p, one, [
      [aw, gw2],
      [ab, scalar(w)],
    ]);
    gradB += w;
    r.accumulate(nb, scalar(w), scalar(gradB));
    r.step(square, one, [[nd, gy]]);
    r.step(nd, gy, [[ny, gy]]);
    r.step(ny, gy, [[aw, gw1]]);
    gradW += 2 * d * x + b;
    r.accumulate(nw, scalar(2 * d * x + b), scalar(gradW));
    w -= lr * gradW;
    b -= lr * gradB;
    const optimizer = r.scope("SGD", "SGD", scope, "optimizer");
    const update = (node: number, name: string, value: number, base: number) =>
      r.add("SGD.step", [node], {
        name,
        value: scalar(value),
        flags: ["no_grad", "inplace"],
        version: i + 1,
        scope: optimizer,
        cut: true,
        base,
        line: 9,
      });
    [aw, ab] = [update(aw, "w", w, nw), update(ab, "b", b, nb)];
  }
  return r.done();
}

/** What cuts a graph and what goes wrong: no_grad, detach, in-place writes, NaN, an operation that raised. */
export function cuts(): Recorded {
  const r = new Recorder();
  const six = (f: (i: number) => number) => valuesOf(Array.from({ length: 6 }, (_, i) => f(i)));
  const shape = [2, 3];
  const ones = r.add("ones", [], { kind: "leaf", shape, value: six(() => 1), line: 1 });
  const a = r.add("mul", [ones], { name: "a", shape, value: six(() => 2), line: 1 });
  const more = r.add("ones", [], { kind: "leaf", shape, value: six(() => 1), line: 2 });
  const b = r.add("mul", [more], { name: "b", shape, value: six(() => 3), line: 2 });
  const c1 = r.add("add", [a, b], { name: "c1", shape, value: six(() => 5), line: 4 });
  r.add("add", [a, b], {
    name: "c2",
    shape,
    value: six(() => 5),
    grad: false,
    flags: ["no_grad"],
    cut: true,
    line: 8,
  });
  const c3 = r.add("mul", [a, b], { name: "c3", shape, value: six(() => 6), line: 12 });
  const y = r.add("detach", [c3], {
    name: "y",
    shape,
    value: six(() => 6),
    grad: false,
    flags: ["detach", "view"],
    cut: true,
    line: 14,
  });
  const z = r.add("exp_", [c1], {
    name: "z",
    shape,
    value: six(() => 148.4132),
    flags: ["inplace"],
    version: 1,
    line: 15,
  });
  const mixed = r.add("mul", [z, y], { name: "mixed", shape, value: six((i) => i * 0.3 - 0.7), line: 16 });
  r.add("log", [mixed], {
    name: "logs",
    shape,
    value: { numel: 6, nonfinite: 3, mean: -0.6, std: 0.5, min: -1.2, max: -0.2 },
    flags: ["nonfinite"],
    line: 17,
  });
  r.add("to", [mixed], {
    name: "as_double",
    shape,
    dtype: "float64",
    value: six((i) => i * 0.3 - 0.7),
    line: 18,
  });
  const index = r.add("tensor", [], {
    name: "index",
    kind: "constant",
    shape: [3],
    dtype: "int64",
    value: valuesOf([2, 0, 1]),
    grad: false,
    line: 19,
  });
  r.add("sin_", [ones], {
    failed: "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.",
    line: 20,
  });
  r.add("matmul", [mixed, index], {
    failed: "RuntimeError: size mismatch, got input (2), mat (2x3), vec (3) for addmv in matmul",
    line: 21,
  });
  r.backward(mixed);
  return r.done();
}

/** `for _ in range(times): z = (z / x) * y`, the tutorial's profiler program. */
export function longChain(times = 1000): Recorded {
  const r = new Recorder();
  const shape = [2, 3];
  const six = (seed: number) => valuesOf(Array.from({ length: 6 }, (_, i) => Math.sin(seed * 1.7 + i * 2.3)));
  const x = r.add("randn", [], { name: "x", kind: "leaf", shape, value: six(1), line: 6 });
  const y = r.add("rand", [], { name: "y", kind: "leaf", shape, value: six(2), line: 7 });
  let z = r.add("ones", [], { name: "z", kind: "leaf", shape, value: valuesOf([1, 1, 1, 1, 1, 1]), line: 8 });
  for (let i = 0; i < times; i++) {
    const q = r.add("div", [z, x], { shape, value: six(i), line: 12 });
    z = r.add("mul", [q, y], { name: "z", shape, value: six(i + 0.5), line: 12 });
  }
  const loss = r.add("sum", [z], { name: "loss", value: valuesOf([0.0123]), line: 13 });
  r.backward(loss);
  return r.done();
}

/** The same, as it is recorded where the loop is known. */
export function loop(times = 1000): Recorded {
  const r = new Recorder();
  const shape = [2, 3];
  const leaf = (name: string, line: number) => r.add("randn", [], { name, kind: "leaf", shape, line });
  const [x, y] = [leaf("x", 1), leaf("y", 2)];
  let z = leaf("z", 3);
  r.loop(`for _ in range(${times})`, times, 0, (scope) => {
    const q = r.add("div", [z, x], { shape, line: 5, scope });
    z = r.add("mul", [q, y], { name: "z", shape, line: 5, scope });
  });
  r.backward(r.add("sum", [z], { name: "loss", line: 6 }));
  return r.done();
}

/** Loops in loops, modules in loops and loops in modules: `epochs` over `batches` through a stack of `blocks`. */
export function training(epochs = 20, batches = 5, blocks = 12): Recorded {
  const r = new Recorder();
  const weights = Array.from({ length: blocks }, (_, i) =>
    r.add("", [], { name: `layers.${i}.weight`, kind: "parameter", shape: [16, 16] }),
  );
  r.loop(`for epoch in range(${epochs})`, epochs, 0, (epoch) => {
    r.loop("for xb, yb in batches", batches, epoch, (batch) => {
      const grad = false;
      let x = r.add("randn", [], {
        name: "xb",
        kind: "constant",
        shape: [8, 16],
        grad,
        scope: batch,
        line: 9,
      });
      const model = r.scope("Net", "Net", batch);
      r.loop("for layer in self.layers", blocks, model, (scope, i) => {
        const block = r.scope(`layers.${i}`, "Linear", scope);
        x = r.add("matmul", [x, weights[i] ?? 0], { shape: [8, 16], scope: block, line: 4 });
      });
      const squared = r.add("pow", [x], { shape: [8, 16], scope: batch, line: 11 });
      r.backward(r.add("sum", [squared], { name: "loss", scope: batch, line: 11 }));
    });
  });
  return r.done();
}

/** A transformer's forward and backward pass; about `size` nodes, one mask used by every block. */
export function transformer(size = 10_000): Recorded {
  const r = new Recorder();
  const root = r.scope("Transformer", "Transformer");
  const wide = [8, 128, 512];
  const tokens = r.add("randint", [], {
    name: "tokens",
    kind: "constant",
    shape: [8, 128],
    dtype: "int64",
    grad: false,
    line: 2,
  });
  const mask = r.add("tril", [], {
    name: "mask",
    kind: "constant",
    shape: [128, 128],
    dtype: "bool",
    grad: false,
    line: 3,
  });
  const table = r.add("", [], { name: "embedding.weight", kind: "parameter", shape: [32000, 512] });
  let x = r.add("embedding", [table, tokens], {
    shape: wide,
    scope: r.scope("embedding", "Embedding", root),
    line: 30,
  });
  const linear = (name: string, parent: number, from: number, path: string) => {
    const scope = r.scope(name, "Linear", parent);
    const w = r.add("", [], { name: `${path}.${name}.weight`, kind: "parameter", shape: [512, 512] });
    const b = r.add("", [], { name: `${path}.${name}.bias`, kind: "parameter", shape: [512] });
    const t = r.add("t", [w], { shape: [512, 512], scope, line: 40 });
    return r.add("addmm", [b, from, t], { shape: wide, scope, line: 40 });
  };
  const norm = (name: string, parent: number, from: number, path: string) => {
    const scope = r.scope(name, "LayerNorm", parent);
    const w = r.add("", [], { name: `${path}.${name}.weight`, kind: "parameter", shape: [512] });
    const mean = r.add("mean", [from], { shape: [8, 128, 1], scope, line: 50 });
    const centred = r.add("sub", [from, mean], { shape: wide, scope, line: 51 });
    const power = r.add("pow", [centred], { shape: wide, scope, line: 52 });
    const variance = r.add("mean", [power], { shape: [8, 128, 1], scope, line: 52 });
    const root = r.add("rsqrt", [variance], { shape: [8, 128, 1], scope, line: 53 });
    const scaled = r.add("mul", [centred, root], { shape: wide, scope, line: 54 });
    return r.add("mul", [scaled, w], { shape: wide, scope, line: 54 });
  };
  const layers = r.scope("layers", "ModuleList", root);
  for (let block = 0; r.nodes.length < size - 60; block++) {
    const path = `layers.${block}`;
    const scope = r.scope(String(block), block % 5 === 4 ? "SparseBlock" : "Block", layers);
    const attention = r.scope("attention", "Attention", scope);
    const n1 = norm("norm1", scope, x, path);
    const q = linear("q", attention, n1, `${path}.attention`);
    const k = linear("k", attention, n1, `${path}.attention`);
    const v = linear("v", attention, n1, `${path}.attention`);
    const kt = r.add("transpose", [k], { shape: [8, 512, 128], scope: attention, flags: ["view"], line: 61 });
    const scores = r.add("bmm", [q, kt], {
      name: "scores",
      shape: [8, 128, 128],
      scope: attention,
      line: 62,
    });
    const masked = r.add("masked_fill", [scores, mask], { shape: [8, 128, 128], scope: attention, line: 63 });
    const weights = r.add("softmax", [masked], { shape: [8, 128, 128], scope: attention, line: 64 });
    const mixed = r.add("bmm", [weights, v], { shape: wide, scope: attention, line: 65 });
    const projected = linear("out", attention, mixed, `${path}.attention`);
    const sum = r.add("add", [x, projected], { shape: wide, scope, line: 71 });
    const n2 = norm("norm2", scope, sum, path);
    const mlp = r.scope("mlp", "Sequential", scope);
    const up = linear("0", mlp, n2, `${path}.mlp`);
    const act = r.add("gelu", [up], { shape: wide, scope: r.scope("1", "GELU", mlp), line: 74 });
    x = r.add("add", [sum, linear("2", mlp, act, `${path}.mlp`)], {
      name: "x",
      shape: wide,
      scope,
      line: 75,
    });
  }
  const head = r.add("", [], { name: "head.weight", kind: "parameter", shape: [32000, 512] });
  const logits = r.add("matmul", [norm("norm", root, x, ""), head], {
    name: "logits",
    shape: [8, 128, 32000],
    scope: root,
    line: 80,
  });
  const loss = r.add("cross_entropy", [logits, tokens], {
    name: "loss",
    value: valuesOf([10.3735]),
    line: 90,
  });
  r.backward(loss);
  return r.done();
}

/** `size` operations without any structure to fold, each taking one or two of the last results. */
export function thicket(size = 10_000): Recorded {
  const r = new Recorder();
  const ops = ["add", "mul", "sin", "exp", "sub", "tanh"];
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  r.add("randn", [], { name: "x", kind: "leaf", shape: [4], value: valuesOf([0.1, -0.4, 1.2, 0.5]) });
  for (let i = 1; i < size; i++) {
    const back = () => Math.max(0, i - 1 - random(12));
    const op = ops[random(ops.length)] ?? "add";
    const inputs = random(3) === 0 ? [back(), back()] : [back()];
    r.add(op, [...new Set(inputs)], {
      shape: [4],
      value: valuesOf([0.1, -0.4, 1.2, i / size]),
      line: 1 + random(900),
    });
  }
  return r.done();
}

export const FIXTURES: Record<string, () => Recorded> = {
  chain,
  tinyModel,
  training: () => tinyModel(6),
  loop,
  epochs: () => training(3, 2, 12),
  descent,
  cuts,
  longChain,
  transformer,
  thicket,
};
