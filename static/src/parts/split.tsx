/** Two panes and a line between them that can be dragged, or moved with the arrow keys. */
import {
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  useRef,
  useState,
} from "react";
import { load, store } from "../storage";

const KEY = "playground.split";
const MIN = 20;
const MAX = 75;
const FIRST = 44;

function kept(): number {
  const value = Number(load(KEY));
  return value >= MIN && value <= MAX ? value : FIRST;
}

export function Split({ left, right }: { left: ReactNode; right: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [share, setShare] = useState(kept);
  const move = (to: number) => {
    const next = Math.min(MAX, Math.max(MIN, to));
    setShare(next);
    store(KEY, String(Math.round(next * 10) / 10));
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !box.current) return;
    const { left: start, width } = box.current.getBoundingClientRect();
    move((100 * (event.clientX - start)) / width);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowLeft: share - 2, ArrowRight: share + 2, Home: MIN, End: MAX, Enter: FIRST }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move(to);
  };
  return (
    <div className="split" ref={box} style={{ "--share": `${share}%` } as CSSProperties}>
      {left}
      {/* biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved; this is the ARIA window splitter */}
      <div
        className="splitter"
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the code"
        aria-valuenow={Math.round(share)}
        aria-valuemin={MIN}
        aria-valuemax={MAX}
        tabIndex={0}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onPointerMove}
        onDoubleClick={() => move(FIRST)}
        onKeyDown={onKeyDown}
      />
      {right}
    </div>
  );
}
