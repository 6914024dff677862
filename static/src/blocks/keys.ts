/** The keyboard in the blocks: walking from block to block, wires without a mouse, and everything a button does too. */
import { chosen, commands } from "./commands";
import { idOf } from "./elements";
import type { Rect } from "./layout";
import { refuse } from "./queue";
import { type Scene, sayBox } from "./scene";
import { focusBlock, getView, type Linking, say, setView, type Target, toggled } from "./state";

/** What keys need of the canvas. */
export interface Ground {
  readonly scene: Scene;
  /** Of every box, on the whole canvas. */
  readonly rects: ReadonlyMap<string, Rect>;
  readonly move: (keys: readonly string[], dx: number, dy: number) => void;
  readonly fit: () => void;
  readonly zoom: (by: number) => void;
  readonly layOut: () => void;
  readonly reveal: (key: string) => void;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const STEP = 8;

const middle = ({ x, y, width, height }: Rect) => [x + width / 2, y + height / 2] as const;

/** The nearest box that way: what lies straight ahead is nearer than what lies aside. */
export function neighbour(
  rects: ReadonlyMap<string, Rect>,
  from: string,
  [dx, dy]: readonly [number, number],
): string | null {
  const here = rects.get(from);
  if (!here) return null;
  const [x, y] = middle(here);
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [key, rect] of rects) {
    if (key === from) continue;
    const [a, b] = middle(rect);
    const ahead = (a - x) * dx + (b - y) * dy;
    const aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (ahead <= 4 || aside > 3 * ahead + 40) continue;
    const far = ahead + 2 * aside;
    if (far < least) [best, least] = [key, far];
  }
  return best;
}

/** Where a wire from a block could go: what is still open first, then the nearest. */
export function targetsFrom({ scene, rects }: Pick<Ground, "scene" | "rects">, from: string): Target[] {
  const here = rects.get(from);
  const found: (Target & { rank: number; far: number })[] = [];
  for (const box of scene.boxes) {
    if (box.key === from) continue;
    const rect = rects.get(box.key);
    const far = here && rect ? Math.hypot(rect.x - here.x, rect.y - here.y) : 0;
    const after = here && rect ? (scene.flow === "down" ? rect.y >= here.y : rect.x >= here.x) : true;
    for (const port of box.ports) {
      const rank = (port.open ? 0 : port.wired ? 2 : 1) + (after ? 0 : 0.5);
      found.push({ key: box.key, argument: port.index, name: port.name, refusal: "", rank, far });
    }
  }
  return found
    .sort((a, b) => a.rank - b.rank || a.far - b.far)
    .map(({ key, argument, name }) => ({ key, argument, name, refusal: "" }));
}

function sayTarget(ground: Ground, linking: Linking): void {
  const target = linking.targets[linking.at];
  const box = target && ground.scene.byKey.get(target.key);
  if (!target || !box) return;
  const place = `${linking.at + 1} of ${linking.targets.length}`;
  say(
    `${target.name} of ${sayBox(box)}, ${place}${target.refusal ? `. Not possible: ${target.refusal}` : ""}`,
  );
}

function chooseTarget(ground: Ground, linking: Linking, at: number): void {
  const { length } = linking.targets;
  const index = (at + length) % length;
  const target = linking.targets[index];
  if (!target) return;
  const refusal = commands.whyNotConnect(linking.from, linking.output, target.key, target.argument);
  const next = { ...linking, at: index, targets: linking.targets.with(index, { ...target, refusal }) };
  setView({ linking: next });
  ground.reveal(target.key);
  sayTarget(ground, next);
}

function startLinking(ground: Ground, key: string): void {
  const box = ground.scene.byKey.get(key);
  if (!box) return;
  if (!box.outs.length) {
    refuse(`${sayBox(box)} gives no value that a wire could carry.`);
    return;
  }
  const { linking } = getView();
  // Once more: the next of several outputs.
  const output = linking?.from === key ? (linking.output + 1) % box.outs.length : 0;
  const targets = targetsFrom(ground, key);
  if (!targets.length) {
    refuse("There is no other block with an input to connect to. Add one first: A.");
    return;
  }
  chooseTarget(ground, { from: key, output, targets, at: 0 }, 0);
}

/** While a wire is made; whether the key was for it. */
function linkingKey(ground: Ground, linking: Linking, event: KeyboardEvent): boolean {
  const { key } = event;
  if (key === "Escape") {
    setView({ linking: null });
    say("Not connected.");
  } else if (key === "Enter") {
    const target = linking.targets[linking.at];
    setView({ linking: null });
    if (target?.refusal) refuse(target.refusal);
    else if (target) commands.connect(linking.from, linking.output, target.key, target.argument);
  } else if (key === "ArrowRight" || key === "ArrowDown") chooseTarget(ground, linking, linking.at + 1);
  else if (key === "ArrowLeft" || key === "ArrowUp") chooseTarget(ground, linking, linking.at - 1);
  else if (key.toLowerCase() === "c") startLinking(ground, linking.from);
  else return false;
  return true;
}

/** Selects the next wire of a block, those that come in first. */
function nextWire(ground: Ground, key: string): void {
  const { lines } = ground.scene;
  const own = [
    ...lines.filter((line) => line.target === key),
    ...lines.filter((line) => line.source === key),
  ];
  if (!own.length) {
    refuse("No wire ends at this block.");
    return;
  }
  const { wires } = getView();
  const at = own.findIndex((line) => wires.has(line.id));
  const line = own[(at + 1) % own.length];
  if (!line) return;
  setView({ wires: new Set([line.id]), selected: new Set() });
  const edge = document.querySelector(`.blocks .react-flow__edge[data-id="${CSS.escape(line.id)}"]`);
  say(`${edge?.getAttribute("aria-label") ?? "Wire"}. Delete removes it.`);
}

function enter(ground: Ground, key: string): void {
  const box = ground.scene.byKey.get(key);
  if (!box) return;
  if (box.frame) commands.toggle(key);
  else if (box.block.kind === "code") commands.showCode(key);
  else {
    const node = document.querySelector(`.blocks .react-flow__node[data-id="${idOf(key)}"]`);
    const field = node?.querySelector<HTMLElement>("input, select, .block-more");
    if (field) field.focus();
    else say(`${sayBox(box)} has no settings.`);
  }
}

function walk(ground: Ground, key: string, event: KeyboardEvent): void {
  const by = ARROWS[event.key];
  if (!by) return;
  if (event.altKey) {
    ground.move(chosen(), by[0] * STEP, by[1] * STEP);
    return;
  }
  const next = neighbour(ground.rects, key, by);
  if (!next) return;
  const { selected } = getView();
  focusBlock(next, event.shiftKey ? new Set([...selected, key, next]) : new Set([next]));
}

const control: Readonly<Record<string, (ground: Ground) => void>> = {
  Z: () => commands.undo(),
  "Shift+Z": () => commands.redo(),
  Y: () => commands.redo(),
  A: ({ scene }) => setView({ selected: new Set(scene.boxes.map((box) => box.key)) }),
  D: () => commands.duplicate(),
  G: () => commands.group(),
  "Shift+G": () => commands.ungroup(),
};

/** Whether the key did something with the block `key` (empty: with none). */
export function blockKey(ground: Ground, key: string, event: KeyboardEvent): boolean {
  const { linking } = getView();
  if (linking) return linkingKey(ground, linking, event);
  const letter = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    const act = control[`${event.shiftKey ? "Shift+" : ""}${letter}`];
    if (!act || event.altKey) return false;
    act(ground);
    return true;
  }
  if (ARROWS[event.key]) {
    if (!key) return false;
    walk(ground, key, event);
    return true;
  }
  if (event.altKey) return false;
  switch (letter) {
    case "A":
      commands.startAdding(
        key && ground.scene.byKey.get(key)?.outs.length ? { from: { key, output: 0 } } : {},
      );
      return true;
    case "C":
      if (key) startLinking(ground, key);
      return Boolean(key);
    case "W":
      if (key) nextWire(ground, key);
      return Boolean(key);
    case "R":
    case "F2":
      if (key) commands.startRename(key);
      return Boolean(key);
    case "N":
      commands.toggleNumbers();
      return true;
    case "L":
      ground.layOut();
      return true;
    case "0":
      ground.fit();
      return true;
    case "+":
    case "=":
      ground.zoom(1.25);
      return true;
    case "-":
      ground.zoom(0.8);
      return true;
    case "Delete":
    case "Backspace":
      commands.removeSelected();
      return true;
    case "Enter":
      if (key) enter(ground, key);
      return Boolean(key);
    case " ":
      if (key) setView({ selected: toggled(getView().selected, key) });
      return Boolean(key);
    case "Escape":
      setView({ selected: new Set(), wires: new Set() });
      return false;
    default:
      return false;
  }
}
