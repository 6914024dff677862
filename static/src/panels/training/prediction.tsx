/** What the model predicts now: a boundary, a curve, a cloud, pictures or text. */
import { useCallback, useEffect, useMemo, useRef } from "react";
import { bytesOf } from "../../matrix";
import { formatNumber, plural } from "../../numbers";
import type * as wire from "../../protocol.gen";
import { token } from "../../theme";
import { agreement, classOf, floats, type Grid, gridOf, sureness, valueAt } from "../../training/grid";
import { useScale } from "../heatmap";
import { classColor, classifier, paintGrid, shape, shapePath } from "./marks";
import { type Brush, Plane } from "./plane";

const WHOLE = "The numbers of the prediction did not arrive whole.";

function Classes({ count }: { count: number }) {
  return (
    <ul className="class-legend" aria-label="Classes">
      {Array.from({ length: count }, (_, k) => (
        <li key={k}>
          <ClassMark at={k} />
          {k}
        </li>
      ))}
    </ul>
  );
}

function ClassMark({ at }: { at: number }) {
  return (
    <svg className="class-mark" viewBox="-6 -6 12 12" aria-hidden="true">
      <path d={shapePath(at, 4)} fill={`var(${classColor(at)})`} />
    </svg>
  );
}

function BoundaryView({ boundary }: { boundary: wire.Boundary }) {
  const grid = useMemo(() => gridOf(boundary), [boundary]);
  return grid ? <GridView grid={grid} /> : <p className="problem">{WHOLE}</p>;
}

function GridView({ grid }: { grid: Grid }) {
  const scale = useScale();
  const paint = useCallback(
    (brush: Brush) =>
      paintGrid(
        brush,
        grid,
        grid.classes >= 2 ? classifier(grid) : (value) => scale.color(value, grid.reach),
      ),
    [grid, scale],
  );
  const agreed = agreement(grid);
  const said = agreed
    ? `${((100 * agreed.right) / agreed.of).toFixed(1)} % of ${plural(agreed.of, "point")} on their side`
    : `${plural(Math.floor(grid.points.length / 3), "point")}`;
  const read = (x: number, y: number) => {
    const value = valueAt(grid, x, y);
    const where = `(${formatNumber(x)}, ${formatNumber(y)})`;
    if (!Number.isFinite(value)) return where;
    if (grid.classes > 2)
      return `${where}: class ${classOf(grid, value)}, ${(100 * sureness(grid, value)).toFixed(0)} % sure`;
    if (grid.classes === 2) return `${where}: class ${classOf(grid, value)}, ${formatNumber(value)}`;
    return `${where}: ${formatNumber(value)}`;
  };
  return (
    <>
      <Plane
        x={grid.x}
        y={grid.y}
        paint={paint}
        className="plane-square"
        label={`${grid.classes >= 2 ? `Decision boundary of ${grid.classes} classes` : "Output over the plane"}: ${said}`}
        read={read}
      />
      <p className="train-note numbers" data-agreement={agreed ? agreed.right / agreed.of : undefined}>
        {said}
      </p>
      {grid.classes >= 2 && <Classes count={grid.classes} />}
    </>
  );
}

function ends(values: readonly number[], margin = 0.05): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (!(low <= high)) return [0, 1];
  const pad = (high - low) * margin || Math.abs(high) * 0.1 || 1;
  return [low - pad, high + pad];
}

/** Every second number, from the first or the second on. */
function every(pairs: Float32Array, from: 0 | 1): number[] {
  return Array.from({ length: Math.floor(pairs.length / 2) }, (_, i) => pairs[2 * i + from] ?? Number.NaN);
}

function dots({ context, toX, toY }: Brush, pairs: Float32Array, kind: number, color: string): void {
  context.lineWidth = 1;
  context.strokeStyle = token("--surface");
  context.fillStyle = color;
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    shape(context, kind, toX(pairs[i] ?? 0), toY(pairs[i + 1] ?? 0), 3);
    context.fill();
    context.stroke();
  }
}

function FitView({ fit }: { fit: wire.Fit }) {
  const { curve, points } = useMemo(() => ({ curve: floats(fit.curve), points: floats(fit.points) }), [fit]);
  const x = ends([...every(curve, 0), ...every(points, 0)]);
  const y = ends([...every(curve, 1), ...every(points, 1)]);
  const paint = useCallback(
    (brush: Brush) => {
      const { context, toX, toY } = brush;
      dots(brush, points, 0, token("--faint"));
      context.strokeStyle = token("--value");
      context.lineWidth = 2.5;
      context.lineJoin = "round";
      context.beginPath();
      for (let i = 0; i + 1 < curve.length; i += 2)
        context.lineTo(toX(curve[i] ?? 0), toY(curve[i + 1] ?? 0));
      context.stroke();
    },
    [curve, points],
  );
  return (
    <>
      <Plane
        x={x}
        y={y}
        paint={paint}
        label={`The model's curve over ${plural(points.length / 2, "point")}`}
      />
      <p className="train-note">
        <span className="value">—</span> the model <span className="muted">●</span> the data
      </p>
    </>
  );
}

function CloudView({ cloud }: { cloud: wire.Cloud }) {
  const { made, real } = useMemo(() => ({ made: floats(cloud.made), real: floats(cloud.real) }), [cloud]);
  // The axes follow the data, not what a model makes on its way there.
  const x = ends(every(real.length ? real : made, 0), 0.25);
  const y = ends(every(real.length ? real : made, 1), 0.25);
  const paint = useCallback(
    (brush: Brush) => {
      dots(brush, real, 0, token("--outline"));
      dots(brush, made, 2, token("--value"));
    },
    [made, real],
  );
  return (
    <>
      <Plane
        x={x}
        y={y}
        paint={paint}
        className="plane-square"
        label={`${plural(made.length / 2, "point")} made, beside ${plural(real.length / 2, "real one")}`}
      />
      <p className="train-note">
        <span className="value">▲</span> made <span className="muted">●</span> real
      </p>
    </>
  );
}

function Grey({
  bytes,
  width,
  height,
  label,
}: {
  bytes: Uint8Array;
  width: number;
  height: number;
  label: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(width, height);
    bytes.forEach((grey, i) => {
      image.data.set([grey, grey, grey, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }, [bytes, width, height]);
  return <canvas ref={canvas} width={width} height={height} className="grey" role="img" aria-label={label} />;
}

function PicturesView({ pictures }: { pictures: wire.Pictures }) {
  const { width, height, labels = [] } = pictures;
  const { made, wanted } = useMemo(() => {
    const cut = (values: ArrayBuffer | string | undefined) => {
      const all = new Uint8Array(bytesOf(values ?? ""));
      const size = width * height;
      const count = size > 0 ? Math.min(64, Math.floor(all.length / size)) : 0;
      return Array.from({ length: count }, (_, i) => all.subarray(i * size, (i + 1) * size));
    };
    return { made: cut(pictures.made), wanted: cut(pictures.wanted) };
  }, [pictures, width, height]);
  const count = Math.max(made.length, wanted.length);
  return (
    <>
      <ul className="pictures">
        {Array.from({ length: count }, (_, i) => {
          const [mine, theirs, label = ""] = [made[i], wanted[i], labels[i]];
          const wrong = label.includes("(");
          return (
            <li key={i} className={wrong ? "picture-wrong" : undefined}>
              {mine && <Grey bytes={mine} width={width} height={height} label={`Made, ${i + 1}`} />}
              {theirs && <Grey bytes={theirs} width={width} height={height} label={`Wanted, ${i + 1}`} />}
              {label && <span className="numbers">{label}</span>}
            </li>
          );
        })}
      </ul>
      <p className="train-note">
        {made.length > 0 && wanted.length > 0
          ? "Above what the model makes, below what it should be."
          : made.length > 0
            ? "What the model makes."
            : "What the model says of each; where it is wrong, what it is."}
      </p>
    </>
  );
}

/** What differs is marked. */
function Against({ text, other }: { text: string; other: string | undefined }) {
  if (other === undefined) return text;
  return [...text].map((letter, i) =>
    letter === other[i] ? letter : <mark key={i}>{letter === " " ? "·" : letter}</mark>,
  );
}

function TokensView({ tokens }: { tokens: wire.Tokens }) {
  return (
    <table className="tokens">
      <thead>
        <tr>
          <th scope="col">predicted</th>
          {tokens.wanted && <th scope="col">wanted</th>}
        </tr>
      </thead>
      <tbody>
        {tokens.predicted.map((text, i) => (
          <tr key={i}>
            <td>
              <Against text={text} other={tokens.wanted?.[i]} />
            </td>
            {tokens.wanted && <td>{tokens.wanted[i]}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const TITLES = {
  boundary: "Decision boundary",
  fit: "Fit",
  cloud: "Made and real",
  pictures: "Pictures",
  tokens: "Text",
} as const;

export function Prediction({ prediction }: { prediction: NonNullable<wire.Training["prediction"]> }) {
  const title =
    prediction.type === "boundary" && !prediction.classes ? "Output over the plane" : TITLES[prediction.type];
  return (
    <section className="train-chart" aria-label={title} data-kind={prediction.type}>
      <h3>{title}</h3>
      {prediction.type === "boundary" && <BoundaryView boundary={prediction} />}
      {prediction.type === "fit" && <FitView fit={prediction} />}
      {prediction.type === "cloud" && <CloudView cloud={prediction} />}
      {prediction.type === "pictures" && <PicturesView pictures={prediction} />}
      {prediction.type === "tokens" && <TokensView tokens={prediction} />}
    </section>
  );
}
