/** Something that changes often, shown as often as one can look: a few times a second. */
import { useEffect, useRef, useState } from "react";

/** The newest value, renewed at most every `ms` milliseconds. */
export function usePaced<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const newest = useRef(value);
  const last = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  newest.current = value;
  useEffect(() => {
    if (Object.is(value, shown) || timer.current !== null) return;
    const show = () => {
      timer.current = null;
      last.current = performance.now();
      setShown(() => newest.current);
    };
    timer.current = setTimeout(show, Math.max(0, last.current + ms - performance.now()));
  }, [value, shown, ms]);
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
  return shown;
}
