/** The card of the selected node: what it is, its value, its gradient, and why it has none. */
import { useEffect } from "react";
import { gradientOf, indexOf, inputShapes, nameOf, whyNoGradient } from "../derive";
import { revealLine } from "../editor/editor";
import { formatCount, formatNumber, formatShape, fullNumber, nested } from "../numbers";
import { CopyButton } from "../parts/copy";
import { Icon } from "../parts/icons";
import type * as wire from "../protocol.gen";
import { isInteractive, type RunState } from "../run";
import { send } from "../socket";
import { update, useStore } from "../store";

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

function Statistics({ values, dtype }: { values: wire.Values; dtype: string }) {
  if (values.numel <= 1) return null;
  const rows: [string, wire.Number][] = [
    ["mean", values.mean ?? 0],
    ["std", values.std ?? 0],
    ["min", values.min ?? 0],
    ["max", values.max ?? 0],
    ["norm", values.norm ?? 0],
  ];
  return (
    <dl className="stats numbers">
      {rows.map(([name, x]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd title={fullNumber(x)}>
            {formatNumber(x, name === "min" || name === "max" ? dtype : "float32")}
          </dd>
        </div>
      ))}
      {(values.zeros ?? 0) > 0 && (
        <div>
          <dt>zeros</dt>
          <dd>
            {formatCount(values.zeros ?? 0)} of {formatCount(values.numel)}
          </dd>
        </div>
      )}
      {(values.nonfinite ?? 0) > 0 && (
        <div>
          <dt>not finite</dt>
          <dd className="failed">{formatCount(values.nonfinite ?? 0)}</dd>
        </div>
      )}
    </dl>
  );
}

function Numbers({
  title,
  values,
  shape,
  dtype,
  kind,
}: {
  title: string;
  values: wire.Values;
  shape: readonly number[];
  dtype: string;
  kind: "value" | "grad";
}) {
  const known = values.data?.length ?? 0;
  return (
    <section className="card-part">
      <h4>
        <span className={kind}>{title}</span>
        {known > 0 && (
          <CopyButton text={(values.data ?? []).map((x) => fullNumber(x)).join(", ")} label="Copy" />
        )}
      </h4>
      {known > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long values scroll, with the keyboard too
        <pre className={`values ${kind}`} tabIndex={0}>
          {nested(values, shape, dtype)}
        </pre>
      )}
      {known > 0 && known < values.numel && (
        <p className="muted">
          The first {formatCount(known)} of {formatCount(values.numel)} elements.
        </p>
      )}
      <Statistics values={values} dtype={dtype} />
    </section>
  );
}

function Card({ run, node }: { run: RunState; node: wire.Node }) {
  const detail = run.details[node.id];
  const alive = isInteractive(run);
  const partial = node.outputs.some((tensor) => (tensor.value.data?.length ?? 0) < tensor.value.numel);
  useEffect(() => {
    if (alive && partial && !detail) send({ type: "inspect", run: run.id, node: node.id });
  }, [alive, partial, detail, run.id, node.id]);
  const tensor = node.outputs[0];
  const grad = detail?.accumulated ?? detail?.grads[0] ?? gradientOf(run.graph, node.id);
  const steps = indexOf(run.graph).steps.get(node.id)?.length ?? 0;
  const leaf = node.kind === "leaf" || node.kind === "parameter";
  const line = node.place?.line ?? 0;
  const why = whyNoGradient(run.graph, node);
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
    <aside className="card" aria-label={`Selected: ${nameOf(node)}`}>
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
        {grad && !leaf && (
          <p className="muted">
            It flowed through here; a tensor that is not a leaf does not keep it in .grad.
          </p>
        )}
        {grad && leaf && steps > 1 && <p className="muted">The sum of {steps} accumulations.</p>}
        {why && (
          <section className="card-part">
            <h4>
              <span className="grad">No gradient</span>
            </h4>
            <p>{why}</p>
          </section>
        )}
        {detail?.note && <p className="muted">{detail.note}</p>}
        {partial && !detail && !alive && <p className="muted">Run again to see every element.</p>}
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
