/** Something that changes often, shown as often as one can look: a few times a second, and one thing at a time. */
import { useEffect, useRef, useState } from "react";

const waiting: (() => void)[] = [];
let busy = false;

/** Each in a task of its own, so that no frame has to draw several of them. */
function turn(act: () => void): void {
  waiting.push(act);
  if (busy) return;
  busy = true;
  const next = () => {
    waiting.shift()?.();
    busy = waiting.length > 0;
    if (busy) setTimeout(next, 16);
  };
  setTimeout(next);
}

/** The newest value, renewed at most every `ms` milliseconds. */
export function usePaced<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const newest = useRef(value);
  const last = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  newest.current = value;
  useEffect(() => {
    if (Object.is(value, shown) || timer.current !== null) return;
    const wait = Math.max(0, last.current + ms - performance.now());
    timer.current = setTimeout(
      () =>
        turn(() => {
          timer.current = null;
          last.current = performance.now();
          setShown(newest.current);
        }),
      wait,
    );
  }, [value, shown, ms]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  return shown;
}
