/** A piece of the plane on a canvas: a picture of values, points and lines, with its ends written beside it. */
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { formatNumber } from "../../numbers";
import { onTheme } from "../../theme";

/** What is painted with: the canvas, and where a point of the plane lies on it, in CSS pixels. */
export interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
  readonly width: number;
  readonly height: number;
}

interface Props {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly paint: (brush: Brush) => void;
  /** All that is to be seen, in a sentence. */
  readonly label: string;
  readonly xTitle?: string;
  readonly yTitle?: string;
  readonly className?: string;
  /** What is at a point. */
  readonly read?: (x: number, y: number) => string;
}

export function Plane({ x, y, paint, label, xTitle = "", yTitle = "", className = "", read }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState("");
  const painter = useRef(() => {});
  painter.current = () => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || element.clientWidth === 0) return;
    const [width, height] = [element.clientWidth, element.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (element.width !== w || element.height !== h) [element.width, element.height] = [w, h];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const toX = (value: number) => ((value - x[0]) / (x[1] - x[0])) * width;
    const toY = (value: number) => height - ((value - y[0]) / (y[1] - y[0])) * height;
    paint({ context, toX, toY, width, height });
  };
  useEffect(() => painter.current(), [paint, x[0], x[1], y[0], y[1]]);
  useEffect(() => {
    const again = () => painter.current();
    const observer = new ResizeObserver(again);
    if (canvas.current) observer.observe(canvas.current);
    const undo = onTheme(again);
    return () => {
      observer.disconnect();
      undo();
    };
  }, []);
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!read) return;
    const box = event.currentTarget.getBoundingClientRect();
    const px = x[0] + ((event.clientX - box.left) / box.width) * (x[1] - x[0]);
    const py = y[1] - ((event.clientY - box.top) / box.height) * (y[1] - y[0]);
    setAt(read(px, py));
  };
  return (
    <figure className={`plane ${className}`}>
      <span className="plane-y numbers">
        <span>{formatNumber(y[1])}</span>
        <span className="muted">{yTitle}</span>
        <span>{formatNumber(y[0])}</span>
      </span>
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setAt("")}
      />
      <span className="plane-x numbers">
        <span>{formatNumber(x[0])}</span>
        <span className="muted">{xTitle}</span>
        <span>{formatNumber(x[1])}</span>
      </span>
      {read && (
        <figcaption className="plane-said numbers" aria-hidden="true">
          {at || <span className="muted">Point at it to read it.</span>}
        </figcaption>
      )}
    </figure>
  );
}
