// @ts-nocheck
export type Socket = any;
const N = 25;
const A = Array.from({ length: N }, (_, i) => (2 * Math.PI * i) / (N - 1));
const V = (data) => ({ numel: data.length, data, mean: data.reduce((a, b) => a + b, 0) / data.length, norm: Math.hypot(...data), min: Math.min(...data), max: Math.max(...data), zeros: data.filter((x) => x === 0).length });
const T = (name, data, extra = {}) => ({ shape: data.length === 1 && extra.scalar ? [] : [data.length], dtype: "float32", name, requires_grad: true, value: V(data), ...(({ scalar, ...r }) => r)(extra) });
const fmt = (xs, tail = "") => `tensor([${xs.map((x) => x.toFixed(4).padStart(7)).join(", ").replace(/((?:[^,]+, ){9})/g, "$1\n        ")}]${tail})`;
function tutorial(code) {
  const b = A.map(Math.sin), c = b.map((x) => 2 * x), d = c.map((x) => x + 1), g = A.map((x) => 2 * Math.cos(x)), one = A.map(() => 1), two = A.map(() => 2);
  const out = d.reduce((x, y) => x + y, 0);
  const nodes = [
    { id: 1, kind: "leaf", op: "aten::linspace", place: { line: 6, column: 4 }, cell: 0, outputs: [T("a", A)] },
    { id: 2, kind: "op", op: "aten::sin", grad_fn: "SinBackward0", place: { line: 10, column: 4 }, cell: 1, outputs: [T("b", b)] },
    { id: 3, kind: "op", op: "aten::detach", place: { line: 11, column: 9 }, cell: 1, flags: ["detach"], outputs: [T("", A, { requires_grad: false })] },
    { id: 4, kind: "op", op: "aten::detach", place: { line: 11, column: 21 }, cell: 1, flags: ["detach"], outputs: [T("", b, { requires_grad: false })] },
    { id: 5, kind: "op", op: "aten::mul", grad_fn: "MulBackward0", place: { line: 12, column: 4 }, cell: 1, outputs: [T("c", c)] },
    { id: 6, kind: "op", op: "aten::add", grad_fn: "AddBackward0", place: { line: 13, column: 4 }, cell: 1, outputs: [T("d", d)] },
    { id: 7, kind: "op", op: "aten::sum", grad_fn: "SumBackward0", place: { line: 14, column: 6 }, cell: 1, outputs: [T("out", [out], { scalar: true })] },
  ];
  const E = (source, target, input = 0, cut = false) => ({ source, target, input, cut });
  const edges = [E(1, 2), E(1, 3, 0, true), E(2, 4, 0, true), E(2, 5), E(5, 6), E(6, 7)];
  const F = (target, grad) => ({ target, grad: V(grad) });
  const steps = [
    { index: 0, call: 0, node: 7, name: "SumBackward0", line: 18, entering: [V([1])], leaving: [F(6, one)], time_us: 4 },
    { index: 1, call: 0, node: 6, name: "AddBackward0", line: 18, entering: [V(one)], leaving: [F(5, one)], time_us: 2 },
    { index: 2, call: 0, node: 5, name: "MulBackward0", line: 18, entering: [V(one)], leaving: [F(2, two)], time_us: 3 },
    { index: 3, call: 0, node: 2, name: "SinBackward0", line: 18, entering: [V(two)], leaving: [F(1, g)], time_us: 5 },
    { index: 4, call: 0, node: 1, name: "AccumulateGrad", line: 18, entering: [V(g)], leaving: [], accumulated: V(g), time_us: 1 },
  ];
  const row = (name, count, self_cpu, cpu, shapes = "") => ({ name, count, self_cpu, cpu, shapes });
  const spans = [["aten::linspace", 100, 18, 0, 6, 1], ["aten::sin", 140, 12, 0, 10, 2], ["aten::mul", 170, 9, 0, 12, 5], ["aten::add", 190, 8, 0, 13, 6], ["aten::sum", 205, 11, 0, 14, 7], ["backward", 240, 90, 0, 18, -1], ["SumBackward0", 245, 14, 1, 18, 7], ["AddBackward0", 262, 10, 1, 18, 6], ["MulBackward0", 275, 12, 1, 18, 5], ["aten::mul", 278, 7, 2, 18, -1], ["SinBackward0", 290, 20, 1, 18, 2], ["aten::cos", 293, 8, 2, 18, -1], ["aten::mul", 302, 6, 2, 18, -1], ["AccumulateGrad", 312, 10, 1, 18, 1]];
  return [
    { type: "started", cells: [{ index: 0, line: 2, end_line: 8, title: "Inputs" }, { index: 1, line: 10, end_line: 16, title: "Forward" }, { index: 2, line: 18, end_line: 21, title: "Backward" }, { index: 3, line: 23, end_line: 23, title: "In place, which is an error" }], device: "cpu", seed: 0 },
    { type: "output", cell: 0, stream: "stdout", text: `${fmt(A, ",\n       requires_grad=True")}\n` },
    { type: "graph", nodes, edges, scopes: [], steps: [], omitted: 0 },
    { type: "figure", cell: 1, index: 0, figure: { data: [{ type: "scatter", mode: "lines", x: A, y: b }], layout: {} } },
    { type: "output", cell: 1, stream: "stdout", text: "tensor(25., grad_fn=<SumBackward0>)\n" },
    { type: "graph", nodes: [], edges: [], scopes: [], steps, omitted: 0 },
    { type: "output", cell: 2, stream: "stdout", text: `${fmt(g)}\n` },
    { type: "figure", cell: 2, index: 1, figure: { data: [{ type: "scatter", mode: "lines", x: A, y: g }], layout: {} } },
    { type: "error", cell: 3, line: 23, message: "RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.", traceback: 'Traceback (most recent call last):\n  File "program.py", line 23, in <module>\n    torch.sin_(a)\nRuntimeError: a leaf Variable that requires grad is being used in an in-place operation.', field: "", hint: "Change a copy instead, for example torch.sin(a), or write inside torch.no_grad()." },
    { type: "profile", by_op: [row("aten::linspace", 1, 18, 18), row("aten::sin", 1, 12, 12), row("aten::mul", 3, 22, 22), row("aten::add", 1, 8, 8), row("aten::sum", 1, 11, 11), row("SinBackward0", 1, 6, 20)], by_shape: [row("aten::mul", 3, 22, 22, "[[25], []]"), row("aten::sin", 1, 12, 12, "[[25]]")], spans, spans_omitted: 0, overhead_us: 120 },
    { type: "finished", status: "error", wall_ms: 12.3, message: "", operations: 7, interactive: true },
  ];
}
export function io() {
  const on = {};
  let seq = 0, timers = [];
  const say = (run, e) => on.event?.({ ...e, run, seq: ++seq });
  const socket = {
    connected: false,
    on: (n, f) => ((on[n] = f), socket),
    emit: (_n, c) => {
      if (c.type === "run") {
        seq = 0;
        timers.forEach(clearTimeout); timers = [];
        if (/sleep/.test(c.code)) {
          say(c.run, { type: "queued", position: 3 });
          timers.push(setTimeout(() => say(c.run, { type: "started", cells: [{ index: 0, line: 1, end_line: 4 }], device: "cpu", seed: 0 }), 800));
          for (let i = 0; i < 300; i++) timers.push(setTimeout(() => say(c.run, { type: "output", cell: 0, stream: "stdout", text: `${i}\n` }), 900 + 100 * i));
          return;
        }
        tutorial(c.code).forEach((e, i) => timers.push(setTimeout(() => say(c.run, e), 5 + 2 * i)));
      } else if (c.type === "cancel") {
        timers.forEach(clearTimeout);
        say(c.run, { type: "finished", status: "cancelled", wall_ms: 1500, message: "You stopped the run.", operations: 0, interactive: false });
      } else if (c.type === "inspect") {
        say(c.run, { type: "detail", node: c.node, values: [V(A)], grads: [V(A)], accumulated: null, note: "" });
      } else if (c.type === "jacobian") {
        const n = c.order === 2 ? N : N, m = c.order === 2 ? N : c.output === 7 ? 1 : N;
        const a = new Float64Array(m * n);
        for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) a[i * n + j] = m === 1 ? 2 * Math.cos(A[j]) : i === j ? (c.order === 2 ? -2 * Math.sin(A[j]) : 2 * Math.cos(A[j])) : 0;
        say(c.run, { type: "jacobian", output: c.output, order: c.order, blocks: c.inputs.map((input) => ({ input, ...(c.order === 2 && { other: input }), rows: m === 1 ? [] : [m], columns: [n], values: a.buffer })) });
      }
    },
  };
  setTimeout(() => { socket.connected = true; on.connect?.(); }, 30);
  globalThis.fakeSocket = { drop: () => { socket.connected = false; on.disconnect?.(); } };
  return socket;
}
