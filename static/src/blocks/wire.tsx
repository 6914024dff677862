/** A wire: the shape that goes through it and, after a run, the value and the gradient that came back. */
import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { formatShape } from "../numbers";
import type { Flow } from "./boxes";
import type { Flowing } from "./telling";

export interface WireData extends Record<string, unknown> {
  readonly shape: readonly number[] | null;
  /** The variable, where the block it comes from does not say it. */
  readonly name: string;
  readonly flow: Flow;
  readonly flowing: Flowing | null;
  /** Its ends are selected or pointed at, so that its numbers are written. */
  readonly told: boolean;
  /** Asked for, and not yet in the program as it was read. */
  readonly pending: boolean;
}

const LETTER = 6.4;

export function sayWire(from: string, to: string, input: string, { shape, flowing }: WireData): string {
  const parts = [`Wire from ${from} to ${input} of ${to}`];
  if (shape) parts.push(`shape ${formatShape(shape)}`);
  if (flowing) parts.push(`value ${flowing.value}`);
  if (flowing?.grad) parts.push(`gradient ${flowing.grad}`);
  if (flowing?.cut) parts.push("the gradient ends here");
  return parts.join(", ");
}

export const WireEdge = memo(function WireEdge({
  sourceX,
  sourceY,
  targetX,
  targetY,
  sourcePosition,
  targetPosition,
  selected,
  data,
}: EdgeProps & { data: WireData }) {
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const { shape, name, flowing, flow, told, pending } = data;
  const lines: [string, string][] = [];
  const what = [name, shape ? formatShape(shape) : ""].filter(Boolean).join(" ");
  if (what) lines.push(["wire-shape", what]);
  if (flowing && (told || selected)) {
    lines.push(["wire-value", flowing.value]);
    if (flowing.grad) lines.push(["wire-grad", `∇ ${flowing.grad}`]);
  }
  const width = Math.max(0, ...lines.map(([, text]) => text.length * LETTER)) + 8;
  const kind = pending ? "pending" : flowing?.cut ? "cut" : flowing ? "value" : "plain";
  const beside = flow === "down" ? "translate(3 0)" : "translate(0 3)";
  return (
    <g className="wire" data-kind={kind}>
      <BaseEdge path={path} interactionWidth={18} />
      {flowing?.grad && <path className="wire-grad-line" d={path} transform={beside} />}
      {lines.length > 0 && (
        <g transform={`translate(${x} ${y - (lines.length - 1) * 7})`}>
          <rect
            className="wire-label"
            x={-width / 2}
            y={-9}
            width={width}
            height={4 + 14 * lines.length}
            rx={4}
          />
          {lines.map(([name, text], index) => (
            <text key={name} className={name} y={index * 14 + 3} textAnchor="middle">
              {text}
            </text>
          ))}
        </g>
      )}
    </g>
  );
});
