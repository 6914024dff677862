/** How the card goes: by its button, by Esc, on a phone by a swipe down; and the focus back to where it was selected. */
import { type RefObject, useLayoutEffect, useRef } from "react";
import { update } from "../../store";

/** Pixels down, after which a card that is let go closes. */
const FAR = 56;

export function useSheet(): RefObject<HTMLElement | null> {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const card = box.current;
    const head = card?.querySelector<HTMLElement>(".card-head");
    if (!card || !head) return;
    let from: number | null = null;
    const by = (event: PointerEvent) => (from === null ? 0 : Math.max(0, event.clientY - from));
    const down = (event: PointerEvent) => {
      // Only where it lies at the bottom of a small screen; a button is pressed, not dragged.
      if (event.pointerType === "mouse" || (event.target as Element).closest("button")) return;
      if (!window.matchMedia("(max-width: 720px)").matches) return;
      from = event.clientY;
      head.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent) => {
      if (from !== null) card.style.translate = `0 ${by(event)}px`;
    };
    const up = (event: PointerEvent) => {
      const far = by(event) > FAR;
      from = null;
      card.style.translate = "";
      if (far && event.type === "pointerup") update({ picked: null });
    };
    head.addEventListener("pointerdown", down);
    head.addEventListener("pointermove", move);
    head.addEventListener("pointerup", up);
    head.addEventListener("pointercancel", up);
    return () => {
      if (!card.contains(document.activeElement)) return;
      document
        .querySelector<HTMLElement>(".tree [role=treeitem][tabindex='0'], .graph-box:not([hidden]) .ag-stage")
        ?.focus();
    };
  }, []);
  return box;
}
