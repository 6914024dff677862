/** A plot whose point follows the pointer from where it was pressed. */
import { type PointerEvent, useRef } from "react";

/** `to` is told where the pointer is, in pixels of the plot; `end` that it was let go. */
export function useGrab(to: (x: number, y: number) => void, end: () => void) {
  const held = useRef(false);
  const follow = (event: PointerEvent<SVGSVGElement>) => {
    if (!held.current) return;
    const rect = event.currentTarget.getBoundingClientRect();
    to(event.clientX - rect.left, event.clientY - rect.top);
  };
  const release = () => {
    held.current = false;
    end();
  };
  return {
    onPointerDown: (event: PointerEvent<SVGSVGElement>) => {
      held.current = true;
      event.currentTarget.setPointerCapture(event.pointerId);
      event.currentTarget.querySelector<SVGGElement>("[role=slider]")?.focus();
      event.preventDefault();
      follow(event);
    },
    onPointerMove: follow,
    onPointerUp: release,
    onLostPointerCapture: release,
  };
}
