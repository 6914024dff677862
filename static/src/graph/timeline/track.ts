/** The track under the scrubber: the stretches of a run side by side, however many there are. */
import { token } from "../../theme";
import type { Moments, Part } from "./moments";

const LOOKS: Readonly<Record<Part["kind"], readonly [fill: `--${string}`, ink: `--${string}`]>> = {
  forward: ["--value-soft", "--value"],
  backward: ["--grad-soft", "--grad"],
  step: ["--hairline-strong", "--ink"],
};
/** Up to so many moments each has a tick of its own; more would blur. */
const TICKS = 120;
/** No label is narrower, in px. */
const LABEL = 24;
/** Least width in px of a stretch whose end can be told from its beginning. */
const GAP = 4;

export function drawTrack(canvas: HTMLCanvasElement, { all, parts }: Moments): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (!context || width === 0) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const count = all.length;
  // The thumb stands in the middle of what is drawn for its moment.
  const x = (moment: number) => Math.max(0, Math.min(1, (moment - 0.5) / Math.max(1, count))) * width;
  const font = getComputedStyle(canvas).fontFamily;
  const surface = token("--surface");
  // To ask for a colour costs as much as to draw a hundred stretches.
  const colors = new Map(
    Object.entries(LOOKS).map(([kind, [fill, ink]]) => [kind, { fill: token(fill), ink: token(ink) }]),
  );
  context.font = `500 10px ${font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const part of parts) {
    const [from, to] = [x(part.from), x(part.to)];
    const { fill = "", ink = "" } = colors.get(part.kind) ?? {};
    context.fillStyle = fill;
    context.fillRect(from, 0, Math.max(to - from, 1), height);
    if (part.kind === "step" && to - from < GAP) continue;
    const label = part.kind;
    context.fillStyle = ink;
    if (to - from > LABEL && context.measureText(label).width + 10 < to - from)
      context.fillText(label, (from + to) / 2, height / 2 + 0.5);
    context.fillStyle = surface;
    if (to - from >= GAP) context.fillRect(to - 0.5, 0, 1, height);
  }
  if (count > TICKS) return;
  context.fillStyle = surface;
  for (let i = 1; i < count; i++) context.fillRect(x(i) - 0.5, height - 4, 1, 4);
}
