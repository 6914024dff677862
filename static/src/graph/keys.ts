/** The diagram's keys. */
import type { Arrow } from "./navigate";

export interface KeyActions {
  arrow(arrow: Arrow, pan: boolean): void;
  zoom(factor: number): void;
  fit(): void;
  find(): void;
  next(by: 1 | -1): void;
  enter(): void;
  clear(): void;
  repetition(by: 1 | -1): void;
}

const ARROWS: Record<string, Arrow> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

/** Does what a key means; false when it means nothing here. */
export function pressed(event: KeyboardEvent, actions: KeyActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const arrow = ARROWS[event.key];
  if (arrow) {
    actions.arrow(arrow, event.shiftKey);
    return true;
  }
  switch (event.key) {
    case "+":
    case "=":
      actions.zoom(1.3);
      return true;
    case "-":
    case "_":
      actions.zoom(1 / 1.3);
      return true;
    case "0":
    case "f":
    case "F":
      actions.fit();
      return true;
    case "/":
      actions.find();
      return true;
    case "n":
      actions.next(1);
      return true;
    case "N":
      actions.next(-1);
      return true;
    case "Enter":
      actions.enter();
      return true;
    case "Escape":
      actions.clear();
      return true;
    case "]":
      actions.repetition(1);
      return true;
    case "[":
      actions.repetition(-1);
      return true;
    default:
      return false;
  }
}
