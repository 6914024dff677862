/** How classes are drawn: a colour and a shape each. */
import { token } from "../../theme";
import type { Grid } from "../../training/grid";
import { classOf, contour, sides, sureness } from "../../training/grid";
import type { Brush } from "./plane";

/** Two classes are the ends of the signed scale; further ones are far from both, for every kind of eye. */
const CLASS_COLORS = [
  "--div-n3",
  "--div-p3",
  "--class-2",
  "--class-3",
  "--class-4",
  "--class-5",
] as const satisfies readonly `--${string}`[];

export function classColor(at: number): `--${string}` {
  return CLASS_COLORS[((at % CLASS_COLORS.length) + CLASS_COLORS.length) % CLASS_COLORS.length] ?? "--ink";
}

const SIZE = 3.6;

/** The corners of a class's mark around a point; none: it is a circle. */
function corners(at: number, x: number, y: number, r: number): readonly (readonly [number, number])[] {
  const [count, turn, size] = POLYGONS[((at % 6) + 6) % 6] ?? POLYGONS[0];
  return Array.from({ length: count }, (_, k) => {
    const angle = Math.PI * (turn + (2 * k) / count);
    return [x + size * r * Math.cos(angle), y + size * r * Math.sin(angle)] as const;
  });
}

/** Circle, square, triangle, diamond, triangle upside down, pentagon: corners, turn in half circles, size. */
const POLYGONS = [
  [0, 0, 1],
  [4, 0.25, 1.25],
  [3, -0.5, 1.35],
  [4, 0, 1.35],
  [3, 0.5, 1.35],
  [5, -0.5, 1.2],
] as const satisfies readonly (readonly [number, number, number])[];

/** Begins the path of a class's mark. */
export function shape(context: CanvasRenderingContext2D, at: number, x: number, y: number, r = SIZE): void {
  context.beginPath();
  const points = corners(at, x, y, r);
  if (points.length === 0) context.arc(x, y, r, 0, 2 * Math.PI);
  for (const [px, py] of points) context.lineTo(px, py);
  if (points.length) context.closePath();
}

/** The same as SVG, around the origin. */
export function shapePath(at: number, r = SIZE): string {
  const points = corners(at, 0, 0, r);
  if (points.length === 0) return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  return `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}z`;
}

export type Rgb = readonly [number, number, number];

export function rgb(name: `--${string}`): Rgb {
  const [r = 0, g = 0, b = 0] = (token(name).match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

/** A picture of `rows` by `columns`, the first row lowest, over the whole canvas. */
export function paintCells(
  { context, width, height }: Brush,
  rows: number,
  columns: number,
  color: (i: number, j: number) => Rgb,
  soft: boolean,
): void {
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [columns, rows];
  const inner = picture.getContext("2d");
  if (!inner) return;
  const image = inner.createImageData(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const [r, g, b] = color(rows - 1 - i, j);
      image.data.set([r, g, b, 255], (i * columns + j) * 4);
    }
  }
  inner.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = soft;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
}

export function mix(a: Rgb, b: Rgb, part: number): Rgb {
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part];
}

/** What the model says, the line where it changes its mind, and the data. */
export function paintGrid(brush: Brush, grid: Grid, color: (value: number) => Rgb): void {
  const { rows, columns, values, points, classes } = grid;
  const { context, toX, toY, width, height } = brush;
  paintCells(brush, rows, columns, (i, j) => color(values[i * columns + j] ?? 0), classes <= 2);
  // The cells' centres are the grid's points, so the picture reaches half a cell beyond its ends.
  const cellX = (j: number) => ((j + 0.5) / columns) * width;
  const cellY = (i: number) => height - ((i + 0.5) / rows) * height;
  context.strokeStyle = token("--ink");
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [x0, y0, x1, y1] of classes > 2 ? sides(grid) : classes === 2 ? contour(grid) : []) {
    context.moveTo(cellX(x0), cellY(y0));
    context.lineTo(cellX(x1), cellY(y1));
  }
  context.stroke();
  context.lineWidth = 1;
  context.strokeStyle = token("--surface");
  for (let i = 0; i + 2 < points.length; i += 3) {
    const label = points[i + 2] ?? 0;
    const kind = classes >= 2 ? Math.round(label) : 0;
    const fill = classes >= 2 ? rgbText(rgb(classColor(kind))) : rgbText(color(label));
    context.fillStyle = fill;
    shape(context, kind, toX(points[i] ?? 0), toY(points[i + 1] ?? 0));
    context.fill();
    context.stroke();
  }
}

export function rgbText([r, g, b]: Rgb): string {
  return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
}

/** The colour of what a model says: its class's, the stronger the surer it is. */
export function classifier(grid: Grid): (value: number) => Rgb {
  const ground = rgb("--surface");
  const colors = Array.from({ length: Math.max(2, grid.classes) }, (_, k) => rgb(classColor(k)));
  return (value) => {
    if (!Number.isFinite(value)) return ground;
    return mix(ground, colors[classOf(grid, value)] ?? ground, 0.08 + 0.42 * sureness(grid, value));
  };
}
