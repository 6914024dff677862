/** A wire: the shape that goes through it and, after a run, the value and the gradient that came back. */
import { BaseEdge, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import { formatShape } from "../numbers";
import type { Flow } from "./boxes";
import { type Label, LINE, labelSize, wirePoint } from "./labels";
import type { Flowing } from "./telling";

export interface WireData extends Record<string, unknown> {
  readonly shape: readonly number[] | null;
  /** The shape, and the variable where the block it comes from does not say it. */
  readonly saying: string;
  readonly flow: Flow;
  readonly flowing: Flowing | null;
  /** Where that is written. */
  readonly label: Label;
  /** Numbers are written where there is room for them. */
  readonly numbers: boolean;
  /** Its ends are selected or pointed at, so that all is written. */
  readonly told: boolean;
  /** Asked for, and not yet in the program as it was read. */
  readonly pending: boolean;
}

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
  const [path] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
  const { saying, flowing, flow, label, numbers, told, pending } = data;
  const all = told || selected;
  const lines: [string, string][] = [];
  if (saying && (all || label.room !== "none")) lines.push(["wire-shape", saying]);
  if (flowing && (all || (numbers && label.room === "all"))) {
    lines.push(["wire-value", flowing.value]);
    if (flowing.grad) lines.push(["wire-grad", `∇ ${flowing.grad}`]);
  }
  const [x, y] = wirePoint([sourceX, sourceY], [targetX, targetY], flow, label.at);
  const { width, height } = labelSize(lines.map(([, text]) => text));
  const kind = pending ? "pending" : flowing?.cut ? "cut" : flowing ? "value" : "plain";
  const beside = flow === "down" ? "translate(3 0)" : "translate(0 3)";
  return (
    <g className="wire" data-kind={kind}>
      <BaseEdge path={path} interactionWidth={18} />
      {flowing?.grad && <path className="wire-grad-line" d={path} transform={beside} />}
      {lines.length > 0 && (
        <g transform={`translate(${x} ${y})`}>
          <rect className="wire-label" x={-width / 2} y={-height / 2} width={width} height={height} rx={4} />
          {lines.map(([name, text], index) => (
            <text key={name} className={name} y={index * LINE + LINE - height / 2} textAnchor="middle">
              {text}
            </text>
          ))}
        </g>
      )}
    </g>
  );
});
