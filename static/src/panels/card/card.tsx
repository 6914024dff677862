/** The card of the selected node: what it is, its value, its gradient; its derivative and its explanation load when needed. */
import { lazy, Suspense, useEffect } from "react";
import { boot } from "../../boot";
import { gradientOf, indexOf, inputShapes, nameOf } from "../../derive";
import { revealLine } from "../../editor/editor";
import { formatShape } from "../../numbers";
import { Icon } from "../../parts/icons";
import type * as wire from "../../protocol.gen";
import { isInteractive, type RunState } from "../../run";
import { send } from "../../socket";
import { update, useStore } from "../../store";
import { useSheet } from "./sheet";
import { Numbers } from "./value";

const Derivative = lazy(() => import("./derivative"));
const Why = lazy(() => import("./why"));

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
  const detail = run.details[node.id];
  const alive = isInteractive(run);
  const partial = node.outputs.some(({ value }) => !value.unknown && (value.data?.length ?? 0) < value.numel);
  useEffect(() => {
    if (alive && partial && !detail) send({ type: "inspect", run: run.id, node: node.id });
  }, [alive, partial, detail, run.id, node.id]);
  const tensor = node.outputs[0];
  const grad = detail?.accumulated ?? detail?.grads[0] ?? gradientOf(run.graph, node.id);
  const leaf = node.kind === "leaf" || node.kind === "parameter";
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
        {node.outputs.map((one, i) => (
          <Numbers
            key={i}
            title={node.outputs.length > 1 ? `Value ${i}` : "Value"}
            values={detail?.values[i] ?? one.value}
            shape={one.shape}
            dtype={one.dtype}
            kind="value"
          />
        ))}
        {tensor && grad && (
          <Numbers
            title={leaf ? ".grad" : "Gradient"}
            values={grad}
            shape={tensor.shape}
            dtype={tensor.dtype}
            kind="grad"
          />
        )}
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
