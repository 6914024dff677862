/** Jacobian and Hessian of a chosen output with respect to chosen inputs, as labelled heat maps. */
import { useEffect, useMemo, useState } from "react";
import { indexOf, leavesOf, nameOf } from "../derive";
import { decode, indexLabel, type Matrix } from "../matrix";
import { formatCount, formatShape, plural } from "../numbers";
import { Empty } from "../parts/empty";
import type * as wire from "../protocol.gen";
import { isActive, isInteractive, type Recording, type RunState } from "../run";
import { send } from "../socket";
import { useStore } from "../store";
import { HeatMap, type Labels } from "./heatmap";

interface Question {
  readonly output: number;
  readonly inputs: readonly number[];
  readonly order: 1 | 2;
}

function label(node: wire.Node): string {
  return `${nameOf(node)} ${formatShape(node.outputs[0]?.shape ?? [])}`;
}

function size(graph: Recording, id: number): number {
  return indexOf(graph).node.get(id)?.outputs[0]?.value.numel ?? 0;
}

/** Operations with a name that depend on a recorded leaf, the last of each name, in order of execution. */
export function outputsOf(graph: Recording): readonly wire.Node[] {
  const last = new Map<string, wire.Node>();
  const { outOf } = indexOf(graph);
  const depends = new Set<number>();
  const waiting = leavesOf(graph).map((leaf) => leaf.id);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const edge of outOf.get(id) ?? []) {
      if (edge.cut || depends.has(edge.target)) continue;
      depends.add(edge.target);
      waiting.push(edge.target);
    }
  }
  for (const node of graph.nodes) {
    const tensor = node.outputs[0];
    if (node.kind !== "op" || !tensor?.name || !node.grad_fn || !depends.has(node.id)) continue;
    last.delete(tensor.name);
    last.set(tensor.name, node);
  }
  if (last.size > 0) return [...last.values()];
  // Nothing was given a name: then what nothing else was made of, the last of each operation.
  for (const node of graph.nodes) {
    if (!node.grad_fn || !depends.has(node.id) || outOf.get(node.id)?.some((edge) => !edge.cut)) continue;
    last.delete(node.op);
    last.set(node.op, node);
  }
  return [...last.values()];
}

/** The server works out this many derivatives at most. */
const MOST = 10_000;

/** What to open on: of the outputs that can be worked out, the one that depends on most leaves, the last of equals. */
export function firstOutput(graph: Recording, outputs: readonly wire.Node[]): wire.Node | undefined {
  const leaves = leavesOf(graph);
  let best: wire.Node | undefined;
  let most = 0;
  for (const node of outputs) {
    const inputs = reaching(graph, node.id, leaves);
    const small = size(graph, node.id) * size(graph, inputs[0]?.id ?? -1) <= MOST;
    const count = inputs.length + (small ? leaves.length : 0);
    if (count >= most) [best, most] = [node, count];
  }
  return best;
}

/** Which of `candidates` the output depends on through edges that gradients flow along. */
export function reaching(
  graph: Recording,
  output: number,
  candidates: readonly wire.Node[],
): readonly wire.Node[] {
  const { into } = indexOf(graph);
  const seen = new Set<number>([output]);
  const waiting = [output];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const edge of into.get(id) ?? []) {
      if (edge.cut || seen.has(edge.source)) continue;
      seen.add(edge.source);
      waiting.push(edge.source);
    }
  }
  return candidates.filter((node) => node.id !== output && seen.has(node.id));
}

function answers(result: wire.JacobianResult | null, { output, inputs, order }: Question): boolean {
  if (result?.output !== output || result.order !== order) return false;
  const answered = new Set(result.blocks.map((block) => block.input));
  return inputs.length === answered.size && inputs.every((id) => answered.has(id));
}

/** Why this cannot be asked, or an empty string. */
function objection(graph: Recording, { output, inputs, order }: Question): string {
  if (inputs.length === 0) return "Choose at least one input.";
  const numel = size(graph, output);
  if (order === 2 && numel !== 1) {
    return `A Hessian needs an output with one element; this one has ${formatCount(numel)}. Choose a sum or a loss.`;
  }
  return "";
}

interface Table {
  readonly matrix: Matrix;
  readonly labels: Labels;
}

/** The block with its names. The gradient of a scalar by a matrix is drawn in the matrix's own shape. */
export function tableOf(block: wire.JacobianBlock, order: 1 | 2, of: string, by: string, and: string): Table {
  const matrix = decode(block);
  const by1 = (j: number) => `${by}${indexLabel(j, block.columns)}`;
  const and1 = (i: number) => `${and}${indexLabel(i, block.rows)}`;
  const last = block.columns.at(-1) ?? 1;
  if (order === 1 && matrix.rows === 1 && block.columns.length > 1 && last > 0) {
    const rest = block.columns.slice(0, -1);
    const columns = last;
    return {
      matrix: { ...matrix, rows: matrix.columns / columns, columns },
      labels: {
        row: (i) => `${by}${indexLabel(i, rest)}`,
        column: (j) => `[${j}]`,
        entry: (i, j) => `∂ ${of} / ∂ ${by1(i * columns + j)}`,
        title: `∂ ${of} / ∂ ${by}`,
      },
    };
  }
  const entry =
    order === 1
      ? (i: number, j: number) => `∂ ${and1(i)} / ∂ ${by1(j)}`
      : (i: number, j: number) => `∂² ${of} / ∂ ${and1(i)} ∂ ${by1(j)}`;
  const title = order === 1 ? `∂ ${of} / ∂ ${by}` : `∂² ${of} / ∂ ${and} ∂ ${by}`;
  return { matrix, labels: { row: and1, column: by1, entry, title } };
}

function Block({
  block,
  question,
  graph,
}: {
  block: wire.JacobianBlock;
  question: Question;
  graph: Recording;
}) {
  const table = useMemo(() => {
    const { node } = indexOf(graph);
    const name = (id: number) => {
      const found = node.get(id);
      return found ? nameOf(found) : `tensor ${id}`;
    };
    const of = name(question.output);
    const and = question.order === 1 ? of : name(block.input);
    try {
      return tableOf(block, question.order, of, name(block.other ?? block.input), and);
    } catch {
      return null;
    }
  }, [block, question, graph]);
  if (!table) return <p className="problem">Some numbers did not arrive whole. Run again to compute them.</p>;
  return (
    <section className="block" aria-label={table.labels.title}>
      <h3>
        {table.labels.title}
        <span className="muted numbers">
          {" "}
          {formatShape(block.rows)} by {formatShape(block.columns)}
        </span>
      </h3>
      <HeatMap matrix={table.matrix} labels={table.labels} />
    </section>
  );
}

function Answer({ run, question }: { run: RunState; question: Question }) {
  const [asked, setAsked] = useState<{ question: Question; seq: number } | null>(null);
  const problem = objection(run.graph, question);
  const inputs = question.inputs.reduce((sum, id) => sum + size(run.graph, id), 0);
  const entries = inputs * (question.order === 2 ? inputs : size(run.graph, question.output));
  const done = answers(run.jacobian, question);
  const alive = isInteractive(run);
  useEffect(() => {
    if (done || problem || !alive) return;
    setAsked({ question, seq: run.seq });
    send({ type: "jacobian", run: run.id, ...question, inputs: [...question.inputs] });
  }, [question, alive, run.id]);
  if (problem) return <p className="empty-line">{problem}</p>;
  if (done && run.jacobian) {
    return run.jacobian.blocks.map((block) => (
      <Block
        key={`${block.input} ${block.other ?? ""}`}
        block={block}
        question={question}
        graph={run.graph}
      />
    ));
  }
  if (isActive(run) && !alive)
    return (
      <p className="empty-line">Computed when the program has ended, or is held after a training step.</p>
    );
  if (!alive)
    return (
      <Empty
        text="The program's process has ended, so nothing more can be computed from it."
        label="Run again to compute"
      />
    );
  const refusal = run.refusals.jacobian;
  if (refusal && asked?.question === question && refusal.seq > asked.seq)
    return <p className="problem">{refusal.message}</p>;
  return <p className="empty-line">Computing {plural(entries, "derivative")}…</p>;
}

export default function JacobianPanel() {
  const run = useStore((state) => state.shown);
  const picked = useStore((state) => state.picked);
  // By name: in the next run the same number may be another node's.
  const [output, setOutput] = useState<string | null>(null);
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const [order, setOrder] = useState<1 | 2>(1);
  const graph = run?.graph;
  const outputs = useMemo(() => (graph ? outputsOf(graph) : []), [graph]);
  const first = useMemo(() => graph && firstOutput(graph, outputs), [graph, outputs]);
  const current =
    outputs.find((node) => nameOf(node) === output) ??
    outputs.find((node) => picked?.kind === "node" && picked.node === node.id) ??
    first;
  const inputs = useMemo(
    () => (graph && current ? reaching(graph, current.id, [...leavesOf(graph), ...outputs]) : []),
    [graph, current, outputs],
  );
  const question = useMemo<Question | null>(() => {
    if (!current) return null;
    const kept = inputs.filter((node) => chosen?.includes(nameOf(node))).map((node) => node.id);
    const first = inputs[0];
    return {
      output: current.id,
      inputs: kept.length || chosen?.length === 0 ? kept : first ? [first.id] : [],
      order,
    };
  }, [current, inputs, chosen, order]);
  if (!run) return <Empty text="Derivatives of any output by any input appear here after a run." />;
  if (!question || !current) {
    return (
      <Empty
        text="No tensor of this run depends on one that requires a gradient. Make an input with requires_grad=True."
        action={null}
      />
    );
  }
  const toggle = (toggled: wire.Node) => {
    const on = inputs.filter((node) => question.inputs.includes(node.id));
    const next = on.includes(toggled) ? on.filter((node) => node !== toggled) : [...on, toggled].slice(-8);
    setChosen(next.map(nameOf));
  };
  return (
    <div className="jacobian">
      <div className="panel-tools">
        <fieldset className="segments">
          <legend className="unseen">Order</legend>
          <button type="button" className="segment" aria-pressed={order === 1} onClick={() => setOrder(1)}>
            Jacobian
          </button>
          <button type="button" className="segment" aria-pressed={order === 2} onClick={() => setOrder(2)}>
            Hessian
          </button>
        </fieldset>
        <label className="pick-label">
          of
          <select
            value={current.id}
            onChange={(event) => {
              const chosen = outputs.find((node) => node.id === Number(event.target.value));
              setOutput(chosen ? nameOf(chosen) : null);
            }}
            aria-label="Output"
          >
            {outputs.map((node) => (
              <option key={node.id} value={node.id}>
                {label(node)}
              </option>
            ))}
          </select>
        </label>
        <fieldset className="chips">
          <legend>by</legend>
          {inputs.map((node) => (
            <button
              type="button"
              key={node.id}
              className="chip"
              aria-pressed={question.inputs.includes(node.id)}
              onClick={() => toggle(node)}
            >
              {label(node)}
            </button>
          ))}
        </fieldset>
      </div>
      <Answer run={run} question={question} />
    </div>
  );
}
