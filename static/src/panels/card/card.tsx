/** The card of the selected node: what it is, its value, its gradient; its derivative and its explanation load when needed. */
import { lazy, Suspense, useEffect } from "react";
import { boot } from "../../boot";
import { indexOf, inputShapes, nameOf } from "../../derive";
import { revealLine } from "../../editor/editor";
import { stateAt } from "../../moment";
import { formatCount, formatShape } from "../../numbers";
import { Icon } from "../../parts/icons";
import type * as wire from "../../protocol.gen";
import { isInteractive, type RunState } from "../../run";
import { send } from "../../socket";
import { update, useStore } from "../../store";
import { Gradient } from "./gradient";
import { useSheet } from "./sheet";
import { Numbers } from "./value";

const Derivative = lazy(() => import("./derivative"));
const Why = lazy(() => import("./why"));

/** Numbers are asked for when a moment has been looked at for so long. */
const DWELL_MS = 100;

/** What every part of the card is given. */
export interface CardPart {
  readonly run: RunState;
  readonly node: wire.Node;
}

const FLAGS: Readonly<Record<NonNullable<wire.Node["flags"]>[number], string>> = {
  no_grad: "no_grad",
  detach: "detached",
  inplace: "in place",
  view: "view",
  nonfinite: "not finite",
};

const KINDS: Readonly<Record<wire.Node["kind"], string>> = {
  op: "operation",
  leaf: "leaf",
  parameter: "parameter",
  constant: "constant",
};

function Card({ run, node }: CardPart) {
  const box = useSheet();
  const now = stateAt(
    run.graph,
    useStore((state) => state.time),
  );
  const made = now.isComputed(node.id);
  // Of a leaf that was updated, the node that has its present value.
  const held = now.present(node.id) ?? node;
  const detail = run.details[held.id];
  const alive = isInteractive(run);
  const partial = held.outputs.some(({ value }) => !value.unknown && (value.data?.length ?? 0) < value.numel);
  useEffect(() => {
    if (!alive || !partial || detail) return;
    // While the run is played nobody reads a thousand numbers.
    const timer = setTimeout(() => send({ type: "inspect", run: run.id, node: held.id }), DWELL_MS);
    return () => clearTimeout(timer);
  }, [alive, partial, detail, run.id, held.id]);
  const tensor = held.outputs[0];
  const loops = now.iterationsOf(node.id);
  const line = node.place?.line ?? 0;
  const facts: [string, string][] = [];
  if (node.op) facts.push(["op", node.op]);
  if (node.grad_fn) facts.push(["grad_fn", node.grad_fn]);
  if (tensor)
    facts.push(
      ["shape", formatShape(tensor.shape)],
      ["dtype", tensor.dtype],
      ["device", tensor.device ?? "cpu"],
    );
  if (tensor?.version) facts.push(["version", String(tensor.version)]);
  for (const { index, of } of loops)
    facts.push(["iteration", `${formatCount(index + 1)} of ${formatCount(of)}`]);
  if (node.kind === "op") {
    const shapes = JSON.parse(inputShapes(run.graph, node.id)) as number[][];
    if (shapes.length) facts.push(["inputs", shapes.map(formatShape).join(", ")]);
  }
  return (
    <aside className="card" aria-label={`Selected: ${nameOf(node)}`} ref={box} tabIndex={-1}>
      <header className="card-head">
        <h3>
          {nameOf(node)}
          <span className="muted"> {KINDS[node.kind]}</span>
        </h3>
        <button
          type="button"
          className="quiet square"
          aria-label="Clear the selection"
          onClick={() => update({ picked: null })}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className="card-body">
        {(node.flags ?? []).length > 0 && (
          <p className="card-flags">
            {(node.flags ?? []).map((flag) => (
              <span key={flag} className="flag">
                {FLAGS[flag]}
              </span>
            ))}
          </p>
        )}
        <dl className="facts">
          {facts.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
          {line > 0 && (
            <div>
              <dt>made at</dt>
              <dd>
                <button type="button" className="line-link" onClick={() => revealLine(line)}>
                  line {line}
                </button>
              </dd>
            </div>
          )}
        </dl>
        {node.failed && <p className="card-failed">{node.failed}</p>}
        <Suspense fallback={null}>
          <Why run={run} node={node} part="cause" />
        </Suspense>
        {!made && <p className="muted">Not computed yet at this moment of the run.</p>}
        {(made ? held.outputs : []).map((one, i) => (
          <Numbers
            key={i}
            title={held.outputs.length > 1 ? `Value ${i}` : "Value"}
            values={detail?.values[i] ?? one.value}
            shape={one.shape}
            dtype={one.dtype}
            kind="value"
          />
        ))}
        <Gradient run={run} node={node} />
        <Suspense fallback={null}>
          <Why run={run} node={node} part="info" />
          {node.kind === "op" && <Derivative run={run} node={node} />}
        </Suspense>
        {detail?.note && <p className="muted">{detail.note}</p>}
        {partial && !detail && !alive && (
          <p className="muted">
            {boot.embed
              ? "The other elements are not in this page. In the playground, a run has them all."
              : "Run again to see every element."}
          </p>
        )}
      </div>
    </aside>
  );
}

export function Inspector() {
  const run = useStore((state) => state.shown);
  const picked = useStore((state) => state.picked);
  const node = run && picked?.kind === "node" ? indexOf(run.graph).node.get(picked.node) : undefined;
  return run && node ? <Card key={node.id} run={run} node={node} /> : null;
}
