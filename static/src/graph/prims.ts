/** The few things a picture is made of. SVG and Canvas draw the same list, so both look the same. */
import type { Font } from "./text";

/** A colour by its name in tokens.css. */
export type Ink =
  | "bg"
  | "sunken"
  | "surface"
  | "hover"
  | "ink"
  | "muted"
  | "faint"
  | "hairline"
  | "hairline-strong"
  | "outline"
  | "value"
  | "value-soft"
  | "value-line"
  | "grad"
  | "grad-soft"
  | "grad-line"
  | "cut"
  | "cut-soft"
  | "error"
  | "error-soft";

export interface Shape {
  d: string;
  fill?: Ink;
  stroke?: Ink;
  width?: number;
  dash?: string;
}

export interface Label {
  text: string;
  x: number;
  y: number;
  font: Font;
  ink: Ink;
  anchor?: "middle" | "end";
}

export type Prim = Shape | Label;

export function isLabel(prim: Prim): prim is Label {
  return "text" in prim;
}

const n = (x: number) => Math.round(x * 100) / 100;

export function roundRect(x: number, y: number, w: number, h: number, radius: number): string {
  const r = Math.min(radius, w / 2, h / 2);
  const [x0, y0, x1, y1] = [n(x), n(y), n(x + w), n(y + h)];
  return `M${n(x + r)} ${y0}H${n(x + w - r)}A${r} ${r} 0 0 1 ${x1} ${n(y + r)}V${n(y + h - r)}A${r} ${r} 0 0 1 ${n(x + w - r)} ${y1}H${n(x + r)}A${r} ${r} 0 0 1 ${x0} ${n(y + h - r)}V${n(y + r)}A${r} ${r} 0 0 1 ${n(x + r)} ${y0}Z`;
}

/** A box whose corners are cut: constants. */
export function chamfer(x: number, y: number, w: number, h: number, cut: number): string {
  return `M${n(x + cut)} ${n(y)}H${n(x + w - cut)}L${n(x + w)} ${n(y + cut)}V${n(y + h - cut)}L${n(x + w - cut)} ${n(y + h)}H${n(x + cut)}L${n(x)} ${n(y + h - cut)}V${n(y + cut)}Z`;
}

/** A box with pointed sides: parameters. */
export function hexagon(x: number, y: number, w: number, h: number, point: number): string {
  return `M${n(x + point)} ${n(y)}H${n(x + w - point)}L${n(x + w)} ${n(y + h / 2)}L${n(x + w - point)} ${n(y + h)}H${n(x + point)}L${n(x)} ${n(y + h / 2)}Z`;
}
