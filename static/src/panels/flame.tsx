/** The flame chart: what ran when and inside what. Drag moves, Ctrl+wheel and + and - zoom, arrows walk. */
import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { formatMicros, plural } from "../numbers";
import type * as wire from "../protocol.gen";
import { type Pick, update, useStore } from "../store";
import { onTheme, token } from "../theme";
import { type Bar, barAt, firstAfter, layRows, neighbour, type Rows, ticks } from "./flame_layout";

const ROW = 20;
const AXIS = 20;
const FONT = '12px "Inter Variable", system-ui, sans-serif';

interface View {
  readonly from: number;
  readonly to: number;
}

function whole({ start, end }: Rows): View {
  const edge = (end - start) * 0.01;
  return { from: start - edge, to: end + edge };
}

/** The view narrowed or widened around `at`, never beyond everything and never below a nanosecond. */
function zoomed(view: View, rows: Rows, factor: number, at: number): View {
  const all = whole(rows);
  const width = Math.max(0.001, Math.min(all.to - all.from, (view.to - view.from) * factor));
  const from = Math.max(
    all.from,
    Math.min(all.to - width, at - ((at - view.from) / (view.to - view.from)) * width),
  );
  return { from, to: from + width };
}

function paint(
  canvas: HTMLCanvasElement,
  rows: Rows,
  view: View,
  lit: (bar: Bar) => boolean,
  current: Bar | null,
) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  const x = (time: number) => ((time - view.from) / (view.to - view.from)) * width;
  const ink = token("--ink");
  const fills = { forward: token("--value-soft"), backward: token("--grad-soft") };
  const edges = { forward: token("--value-line"), backward: token("--grad-line") };

  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = token("--muted");
  context.strokeStyle = token("--hairline");
  for (const time of ticks(view.from, view.to, width / 110)) {
    const at = Math.round(x(time)) + 0.5;
    context.beginPath();
    context.moveTo(at, AXIS - 4);
    context.lineTo(at, height);
    context.stroke();
    const text = formatMicros(Math.max(0, time));
    if (at + 3 + context.measureText(text).width < width) context.fillText(text, at + 3, AXIS / 2);
  }

  rows.rows.forEach((row, depth) => {
    const top = AXIS + depth * ROW;
    let painted = -1;
    for (let i = firstAfter(row, view.from); i < row.length; i++) {
      const bar = row[i];
      if (!bar || bar.start > view.to) break;
      const left = Math.max(-1, x(bar.start));
      const right = Math.min(width + 1, Math.max(x(bar.end), x(bar.start) + 1));
      // Bars narrower than a pixel share it.
      if (right <= painted + 0.5 && !lit(bar)) continue;
      painted = right;
      const kind = bar.backward ? "backward" : "forward";
      const on = bar === current || lit(bar);
      context.fillStyle = on ? edges[kind] : fills[kind];
      context.fillRect(left, top, right - left, ROW - 2);
      if (right - left > 3) {
        context.strokeStyle = bar === current ? ink : edges[kind];
        context.lineWidth = bar === current ? 2 : 1;
        context.strokeRect(left + 0.5, top + 0.5, right - left - 1, ROW - 3);
        context.lineWidth = 1;
      }
      if (right - left > 24) {
        context.save();
        context.beginPath();
        context.rect(left + 4, top, right - left - 8, ROW);
        context.clip();
        context.fillStyle = ink;
        context.fillText(bar.name.replace(/^aten::/, ""), left + 5, top + ROW / 2 - 0.5);
        context.restore();
      }
    }
  });
}

function pickOf(bar: Bar): Pick | null {
  if (bar.node >= 0) return { kind: "node", node: bar.node };
  return bar.line > 0 ? { kind: "line", line: bar.line } : null;
}

export function Flame({ spans }: { spans: readonly wire.Span[] }) {
  const rows = useMemo(() => layRows(spans), [spans]);
  const [view, setView] = useState(() => whole(rows));
  const [over, setOver] = useState<{ bar: Bar; x: number } | null>(null);
  const [current, setCurrent] = useState<Bar | null>(null);
  const picked = useStore((state) => state.picked);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ x: number; view: View; moved: boolean } | null>(null);
  useEffect(() => {
    setView(whole(rows));
    setCurrent(null);
  }, [rows]);
  const lit = useCallback(
    (bar: Bar) =>
      picked !== null &&
      ((picked.kind === "node" && picked.node === bar.node) ||
        (picked.kind === "line" && picked.line === bar.line) ||
        (picked.kind === "op" && picked.op === bar.name)),
    [picked],
  );
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = () => paint(element, rows, view, lit, current ?? over?.bar ?? null);
    draw();
    const sizes = new ResizeObserver(draw);
    sizes.observe(element);
    const undo = onTheme(draw);
    return () => {
      sizes.disconnect();
      undo();
    };
  }, [rows, view, lit, current, over]);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    // React's wheel listeners are passive and could not keep the page from zooming.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      setView((now) => {
        const at = now.from + ((event.clientX - left) / width) * (now.to - now.from);
        return zoomed(now, rows, Math.exp(event.deltaY * 0.004), at);
      });
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [rows]);

  const timeAt = (clientX: number) => {
    const box = canvas.current?.getBoundingClientRect();
    return box ? view.from + ((clientX - box.left) / box.width) * (view.to - view.from) : 0;
  };
  const find = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return null;
    const depth = Math.floor((event.clientY - box.top - AXIS) / ROW);
    return barAt(rows, depth, timeAt(event.clientX), ((view.to - view.from) / box.width) * 2);
  };
  const choose = (bar: Bar | null) => {
    setCurrent(bar);
    update({ picked: bar && pickOf(bar) });
  };
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const from = drag.current;
    if (from) {
      const by = event.clientX - from.x;
      if (Math.abs(by) > 3) from.moved = true;
      if (!from.moved) return;
      const shift = (-by / event.currentTarget.clientWidth) * (from.view.to - from.view.from);
      setView(
        zoomed({ from: from.view.from + shift, to: from.view.to + shift }, rows, 1, from.view.from + shift),
      );
      return;
    }
    const bar = find(event);
    const left = event.currentTarget.getBoundingClientRect().left;
    setOver(bar && { bar, x: event.clientX - left });
    update({ hovered: bar && pickOf(bar) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const middle = current ? (current.start + current.end) / 2 : (view.from + view.to) / 2;
    if (/^Arrow/.test(event.key)) {
      const next = neighbour(rows, current, event.key);
      choose(next);
      if (next && (next.start < view.from || next.end > view.to)) {
        const half = (view.to - view.from) / 2;
        setView(zoomed({ from: next.start - half, to: next.start + half }, rows, 1, next.start));
      }
    } else if (event.key === "+" || event.key === "=") setView(zoomed(view, rows, 0.5, middle));
    else if (event.key === "-") setView(zoomed(view, rows, 2, middle));
    else if (event.key === "0") setView(whole(rows));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const said = current ?? over?.bar ?? null;
  if (spans.length === 0) return null;
  return (
    <section className="flame" aria-label="Flame chart">
      <div className="flame-tools">
        <span className="flame-said" aria-live="polite">
          {said ? (
            <>
              <b>{said.name}</b> {formatMicros(said.end - said.start)}
              {said.line > 0 && `, line ${said.line}`}
            </>
          ) : (
            <span className="muted">{plural(spans.length, "span")}. Point at one to read it.</span>
          )}
        </span>
        <button
          type="button"
          className="quiet square"
          aria-label="Zoom in"
          onClick={() => setView(zoomed(view, rows, 0.5, (view.from + view.to) / 2))}
        >
          +
        </button>
        <button
          type="button"
          className="quiet square"
          aria-label="Zoom out"
          onClick={() => setView(zoomed(view, rows, 2, (view.from + view.to) / 2))}
        >
          −
        </button>
        <button type="button" className="quiet" onClick={() => setView(whole(rows))}>
          All
        </button>
      </div>
      <canvas
        ref={canvas}
        className="flame-canvas"
        style={{ height: AXIS + rows.rows.length * ROW + 4 }}
        tabIndex={0}
        role="img"
        aria-label={`Flame chart of ${plural(spans.length, "span")}. Arrow keys walk, plus and minus zoom, 0 shows all.`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, view, moved: false };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={(event) => {
          const moved = drag.current?.moved;
          drag.current = null;
          if (!moved) choose(find(event));
        }}
        onPointerLeave={() => {
          setOver(null);
          update({ hovered: null });
        }}
        onDoubleClick={() => setView(whole(rows))}
        onKeyDown={onKeyDown}
      />
    </section>
  );
}
