/** Gradients: any leaf's value and gradient plotted, and the size of every leaf's gradient. */
import type { Data, Layout } from "plotly.js";
import { useCallback, useEffect, useMemo, useState } from "react";
import { gradientOf, indexOf, leavesOf, nameOf } from "../derive";
import { formatCount, formatNumber, formatShape, fullNumber, type Num, toNumber } from "../numbers";
import { Empty } from "../parts/empty";
import { Plot } from "../parts/plot";
import { Said } from "../parts/said";
import type * as wire from "../protocol.gen";
import { isInteractive, type Recording, type RunState } from "../run";
import { send } from "../socket";
import { update, useStore } from "../store";
import { token } from "../theme";
import { why } from "../why";

interface Drawing {
  data: Data[];
  layout: Partial<Layout>;
}

const DASHES = ["dash", "dot", "dashdot", "longdash"] as const;

/** Named results that have one element for each of the leaf's and depend on it, the last of each name, in order of execution. */
export function companions(graph: Recording, leaf: wire.Node): readonly wire.Node[] {
  const numel = leaf.outputs[0]?.value.numel ?? 0;
  const { outOf, node } = indexOf(graph);
  const seen = new Set<number>([leaf.id]);
  const waiting = [leaf.id];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const edge of outOf.get(id) ?? []) {
      if (seen.has(edge.target)) continue;
      seen.add(edge.target);
      waiting.push(edge.target);
    }
  }
  seen.delete(leaf.id);
  const last = new Map<string, wire.Node>();
  for (const id of [...seen].sort((a, b) => a - b)) {
    const one = node.get(id);
    const tensor = one?.outputs[0];
    if (!one || !tensor?.name || tensor.value.numel !== numel) continue;
    last.delete(tensor.name);
    last.set(tensor.name, one);
  }
  return [...last.values()];
}

/** The numbers of a node that are known: all of them after an `inspect`, else the first few. */
function numbers(run: RunState, node: wire.Node, what: "value" | "grad"): readonly Num[] {
  const detail = run.details[node.id];
  if (what === "value") return detail?.values[0]?.data ?? node.outputs[0]?.value.data ?? [];
  return (detail?.accumulated ?? detail?.grads[0])?.data ?? gradientOf(run.graph, node.id)?.data ?? [];
}

function plain(data: readonly Num[]): (number | null)[] {
  return data.map((x) => (Number.isFinite(toNumber(x)) ? toNumber(x) : null));
}

type Points = readonly (number | null)[];

function largest(points: Points): number {
  return points.reduce<number>((most, x) => Math.max(most, Math.abs(x ?? 0)), 0);
}

/** Over the leaf's own values: what was made of them, and the gradient; on an axis of its own if the sizes differ. */
function drawAlong(name: string, series: readonly { name: string; y: Points }[], grad: Points): Drawing {
  const x = [...(series[0]?.y ?? [])];
  const mode = x.length > 200 ? "lines" : "lines+markers";
  const data: Data[] = series.slice(1).map((one, i) => ({
    type: "scatter",
    mode,
    name: one.name,
    x,
    y: [...one.y],
    line: { color: token("--value"), width: 1.5, dash: DASHES[i % DASHES.length] },
    marker: { size: 4, color: token("--value") },
  }));
  const sizes = series.slice(1).map((one) => largest(one.y));
  const ratio = largest(grad) / Math.max(...sizes, 0);
  const apart = sizes.length > 0 && grad.length > 0 && (ratio > 20 || ratio < 0.05);
  if (grad.length) {
    data.push({
      type: "scatter",
      mode,
      name: `${name}.grad`,
      x: x.slice(0, grad.length),
      y: [...grad],
      ...(apart && { yaxis: "y2" }),
      line: { color: token("--grad"), width: 2 },
      marker: { size: 5, color: token("--grad"), symbol: "diamond" },
    });
  }
  const right = {
    overlaying: "y",
    side: "right",
    showgrid: false,
    tickfont: { color: token("--grad") },
  } as const;
  return {
    data,
    layout: { showlegend: true, xaxis: { title: { text: name } }, ...(apart && { yaxis2: right }) },
  };
}

/** Value above gradient over the index, since a leaf of several dimensions is no axis. */
function drawByIndex(name: string, value: Points, grad: Points): Drawing {
  const size = value.length > 200 ? 3 : 6;
  const points = (y: Points, text: string, color: `--${string}`, axis: "y" | "y2"): Data => ({
    type: "scatter",
    mode: "markers",
    name: text,
    x: y.map((_, i) => i),
    y: [...y],
    yaxis: axis,
    marker: { color: token(color), size, symbol: axis === "y" ? "circle" : "diamond" },
  });
  const data = [points(value, name, "--value", "y")];
  if (grad.length) data.push(points(grad, `${name}.grad`, "--grad", "y2"));
  const xaxis = { title: { text: `index of ${name}` }, anchor: grad.length ? "y2" : "y" } as const;
  const both = grad.length > 0 && { yaxis: { domain: [0.55, 1] }, yaxis2: { domain: [0, 0.45] } };
  return { data, layout: { showlegend: true, xaxis, ...both } };
}

function LeafPlot({ run, leaf }: { run: RunState; leaf: wire.Node }) {
  const possible = useMemo(() => companions(run.graph, leaf), [run.graph, leaf]);
  const [chosen, setChosen] = useState<readonly number[] | null>(null);
  const shown = chosen ?? possible.slice(0, 1).map((node) => node.id);
  const tensor = leaf.outputs[0];
  const numel = tensor?.value.numel ?? 0;
  const along = tensor?.shape.length === 1 && numel > 1;
  const alive = isInteractive(run);
  const wanted = useMemo(
    () => [leaf, ...possible.filter((node) => shown.includes(node.id))],
    [leaf, possible, shown],
  );
  const name = nameOf(leaf);
  const draw = useCallback(() => {
    const series = wanted.map((node) => ({ name: nameOf(node), y: plain(numbers(run, node, "value")) }));
    return along
      ? drawAlong(name, series, plain(numbers(run, leaf, "grad")))
      : drawByIndex(name, series[0]?.y ?? [], plain(numbers(run, leaf, "grad")));
  }, [run, leaf, wanted, along, name]);
  useEffect(() => {
    if (!alive) return;
    for (const node of wanted) {
      const few = (node.outputs[0]?.value.data?.length ?? 0) < (node.outputs[0]?.value.numel ?? 0);
      if (few && !run.details[node.id]) send({ type: "inspect", run: run.id, node: node.id });
    }
  }, [alive, wanted, run.id, run.details]);
  const onPick = useCallback(
    ({ curve }: { curve: number }) => {
      const node = along ? (wanted[curve + 1] ?? leaf) : leaf;
      update({ picked: { kind: "node", node: node.id } });
    },
    [wanted, leaf, along],
  );
  const known = numbers(run, leaf, "value").length;
  const reason = why(run.graph, leaf.id);
  return (
    <section aria-label={`Plot of ${name}`}>
      {possible.length > 0 && along && (
        <fieldset className="chips">
          <legend>with the values of</legend>
          {possible.map((node) => (
            <button
              type="button"
              key={node.id}
              className="chip chip-value"
              aria-pressed={shown.includes(node.id)}
              onClick={() =>
                setChosen(
                  shown.includes(node.id) ? shown.filter((id) => id !== node.id) : [...shown, node.id],
                )
              }
            >
              {nameOf(node)}
            </button>
          ))}
        </fieldset>
      )}
      <Plot draw={draw} label={`${name}: value and gradient`} height={300} onPick={onPick} />
      {reason && (
        <p className="empty-line">
          <Said text={reason.sentence} />
        </p>
      )}
      {known < numel && (
        <p className="notice">
          The first {formatCount(known)} of {formatCount(numel)} elements are shown.
        </p>
      )}
    </section>
  );
}

function norm(values: wire.Values | null | undefined): number {
  return values ? toNumber(values.norm ?? 0) : Number.NaN;
}

function Norms({
  run,
  leaves,
  current,
}: {
  run: RunState;
  leaves: readonly wire.Node[];
  current: wire.Node;
}) {
  const grads = leaves.map((leaf) => gradientOf(run.graph, leaf.id));
  const most = Math.max(0, ...grads.map(norm).filter(Number.isFinite));
  return (
    <div className="table-scroll">
      <table className="table norms-table">
        <thead>
          <tr>
            <th scope="col">Tensor</th>
            <th scope="col">Shape</th>
            <th scope="col">Value norm</th>
            <th scope="col">Gradient norm</th>
            <th scope="col">Gradient mean</th>
            <th scope="col">Zeros in gradient</th>
          </tr>
        </thead>
        <tbody>
          {leaves.map((leaf, i) => {
            const tensor = leaf.outputs[0];
            const grad = grads[i];
            const share = most > 0 ? norm(grad) / most : 0;
            return (
              <tr
                key={leaf.id}
                aria-selected={leaf === current}
                onPointerEnter={() => update({ hovered: { kind: "node", node: leaf.id } })}
                onPointerLeave={() => update({ hovered: null })}
              >
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={leaf === current}
                    onClick={() => update({ picked: { kind: "node", node: leaf.id } })}
                  >
                    {nameOf(leaf)}
                  </button>
                </th>
                <td>{formatShape(tensor?.shape ?? [])}</td>
                <td className="value" title={fullNumber(tensor?.value.norm ?? 0)}>
                  {formatNumber(tensor?.value.norm ?? 0)}
                </td>
                {grad ? (
                  <>
                    <td className="grad" title={fullNumber(grad.norm ?? 0)}>
                      {Number.isFinite(share) && (
                        <span className="cell-bar grad-bar" style={{ width: `${100 * share}%` }} />
                      )}
                      {formatNumber(grad.norm ?? 0)}
                    </td>
                    <td className="grad" title={fullNumber(grad.mean ?? 0)}>
                      {formatNumber(grad.mean ?? 0)}
                    </td>
                    <td>
                      {formatCount(grad.zeros ?? 0)} of {formatCount(grad.numel)}
                    </td>
                  </>
                ) : (
                  <td colSpan={3} className="muted">
                    None. <Said text={why(run.graph, leaf.id)?.sentence ?? ""} />
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export default function GradientsPanel() {
  const run = useStore((state) => state.shown);
  const picked = useStore((state) => state.picked);
  // By name: in the next run the same number may be another node's.
  const [kept, setKept] = useState<string | null>(null);
  const leaves = run ? leavesOf(run.graph) : [];
  const pickedLeaf = leaves.find((leaf) => picked?.kind === "node" && picked.node === leaf.id);
  useEffect(() => {
    if (pickedLeaf) setKept(nameOf(pickedLeaf));
  }, [pickedLeaf]);
  if (!run) return <Empty text="Values and gradients of the leaves appear here after a run." />;
  const withGrad = leaves.find((leaf) => gradientOf(run.graph, leaf.id));
  const current = pickedLeaf ?? leaves.find((leaf) => nameOf(leaf) === kept) ?? withGrad ?? leaves[0];
  if (!current) {
    return (
      <Empty
        text="No tensor of this run requires a gradient. Make one with requires_grad=True."
        action={null}
      />
    );
  }
  return (
    <div className="gradients">
      <div className="panel-tools">
        <label className="pick-label">
          Leaf
          <select
            value={current.id}
            onChange={(event) => update({ picked: { kind: "node", node: Number(event.target.value) } })}
          >
            {leaves.map((leaf) => (
              <option key={leaf.id} value={leaf.id}>
                {nameOf(leaf)} {formatShape(leaf.outputs[0]?.shape ?? [])}
              </option>
            ))}
          </select>
        </label>
      </div>
      <LeafPlot key={`${run.id} ${current.id}`} run={run} leaf={current} />
      <Norms run={run} leaves={leaves} current={current} />
    </div>
  );
}
