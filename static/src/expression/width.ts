import { type RefObject, useEffect, useRef, useState } from "react";

/** How wide an element is, in whole pixels; 0 until it is there. */
export function useWidth<E extends HTMLElement>(): [RefObject<E | null>, number] {
  const box = useRef<E>(null);
  const [width, set] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => set(Math.floor(element.clientWidth)));
    observer.observe(element);
    set(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
