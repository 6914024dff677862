/** Keys: how they are written, shown and matched. */
import { load, store } from "../storage";
import type { Action } from "./action";

const MAC = /mac|iphone|ipad/i.test(navigator.platform);

/** `Ctrl+Enter`, or `⌘Enter` on a Mac. */
export function showKey(key: string, mac = MAC): string {
  const parts = key.split("+").map((part) => {
    if (part === "Mod") return mac ? "⌘" : "Ctrl";
    if (part === "Alt") return mac ? "⌥" : "Alt";
    if (part === "Shift") return mac ? "⇧" : "Shift";
    if (part === "ArrowLeft") return "←";
    if (part === "ArrowRight") return "→";
    return part;
  });
  return mac ? parts.join("") : parts.join("+");
}

/** The event written as a key of an action. */
export function keyOf(event: KeyboardEvent, mac = MAC): string {
  const parts: string[] = [];
  if (mac ? event.metaKey : event.ctrlKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  // With Alt the character depends on the layout, so the key's place on the keyboard is taken.
  const letter = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const key = event.altKey && letter ? letter : event.key;
  if (event.shiftKey && (key.length > 1 || /[a-z]/i.test(key))) parts.push("Shift");
  parts.push(key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key);
  return parts.join("+");
}

/** Whether typing there makes text, so that plain keys must be left alone. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type === "range") return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const PLAIN = "playground.keys";

/** Whether keys without Ctrl or Alt act everywhere outside text fields. */
export function plainKeysAllowed(): boolean {
  return load(PLAIN) !== "off";
}

export function allowPlainKeys(on: boolean): void {
  store(PLAIN, on ? null : "off");
}

/** Keys that buttons, tabs, lists and what scrolls have a use for: they act only where nothing of that is focused. */
const TAKEN = /^(Space|Home|End)$/;

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target !== document.body &&
    !target.matches(".ag-stage, autograd-timeline input")
  );
}

/** The action a key press asks for, or null. */
export function actionFor(event: KeyboardEvent, actions: readonly Action[]): Action | null {
  const key = keyOf(event);
  const action = actions.find((one) => one.key === key);
  if (!action) return null;
  const plain = !/^(Mod|Alt)\+|^Escape$/.test(action.key);
  // In a tree a letter leads to what begins with it.
  const finding =
    /^[A-Z]$/.test(action.key) && event.target instanceof Element && event.target.closest("[role=tree]");
  if (plain && (isTyping(event.target) || finding || !plainKeysAllowed())) return null;
  return TAKEN.test(action.key) && isControl(event.target) ? null : action;
}
