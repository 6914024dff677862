/** A tensor's numbers: as many as are known, their statistics, and copying them. */
import { formatCount, formatNumber, fullNumber, nested } from "../../numbers";
import { CopyButton } from "../../parts/copy";
import type * as wire from "../../protocol.gen";

function Statistics({ values, dtype }: { values: wire.Values; dtype: string }) {
  if (values.numel <= 1 || values.unknown) return null;
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

export function Numbers({
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
      {values.unknown && <p className="muted">Its numbers were not kept.</p>}
      {known > 0 && known < values.numel && (
        <p className="muted">
          The first {formatCount(known)} of {formatCount(values.numel)} elements.
        </p>
      )}
      <Statistics values={values} dtype={dtype} />
    </section>
  );
}
