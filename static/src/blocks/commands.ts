/** What can be done with blocks: by mouse, by key, by a button, all the same. */

import type { Fragment } from "../document";
import { getReading, readNow } from "../document/read";
import { revealPosition } from "../editor/editor";
import { redoEdit, undoEdit } from "../editor/edits";
import type * as wire from "../protocol.gen";
import { update } from "../store";
import type { Row } from "./boxes";
import type { Entry } from "./palette";
import { type Current, getWriter, refuse, request, whyNot } from "./queue";
import { type Scene, sayBox } from "./scene";
import { type Adding, getView, say, setView, toggled } from "./state";

/** Blocks on the clipboard; as text they are there too, so that they can be pasted into code. */
const CLIPBOARD = "application/x-autograd-blocks";

/** What another page may have put there is checked as far as that it is text with names. */
function fragmentIn(json: string): Fragment | null {
  try {
    const found = JSON.parse(json) as Fragment;
    const whole =
      Array.isArray(found.parts) &&
      found.parts.every((part) => typeof part.text === "string" && Array.isArray(part.names)) &&
      typeof found.imports === "object";
    return whole ? found : null;
  } catch {
    return null;
  }
}

let scene: Scene | null = null;

/** The scene that commands speak of. */
export function showScene(next: Scene): void {
  scene = next;
}

const nameFor = (key: string) => {
  const box = scene?.byKey.get(key);
  return box ? sayBox(box) : key;
};

const documentBlock = (id: number) => getReading().document?.blocks.find((block) => block.id === id);

interface End {
  readonly key: string;
  readonly argument: number;
}

function connection(from: string, output: number, to: End) {
  return ({ block }: Current) => {
    const [source, target] = [block(from), block(to.key)];
    const port = target && portOf(target, to);
    if (!source || !target || !port) return null;
    return {
      kind: "connect",
      from: [source.id, output] as wire.Wire,
      to: { block: target.id, ...port },
    } as const;
  };
}

/** The argument at a handle; behind the last of a list it is one more. */
function portOf(block: wire.Block, to: End): { argument: string; place: "call" | "definition" } | null {
  const row = scene?.byKey.get(to.key)?.ports.find((port) => port.index === to.argument);
  if (row) return { argument: row.argument, place: row.place };
  const argument = block.arguments?.[to.argument];
  return argument ? { argument: argument.name, place: argument.place ?? "call" } : null;
}

/** The blocks that what is done now is done with: the selected ones, or the one that has the focus. */
export function chosen(): string[] {
  const { selected, current } = getView();
  const known = [...selected].filter((key) => scene?.byKey.has(key));
  if (known.length) return known;
  return scene?.byKey.has(current) ? [current] : [];
}

/** A name for a class that the program does not have: it is given another by renaming. */
function freeName({ text }: Current): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? "Block" : `Block${count}`;
    if (!new RegExp(`\\b${name}\\b`).test(text)) return name;
  }
}

const idsOf = (current: Current, keys: readonly string[]) =>
  keys.flatMap((key) => current.block(key)?.id ?? []);

export const commands = {
  set(key: string, row: Row, text: string): void {
    // An edit that still waits may change what the row shows.
    if (text === row.text && row.given && getView().waiting === 0) return;
    request(({ block }) => {
      const found = block(key);
      const now = found?.arguments?.find(
        (one) => one.name === row.argument && (one.place ?? "call") === row.place,
      );
      if (now?.span && now.text === text) return null;
      if (found?.kind === "train" && row.argument === "steps")
        return { kind: "steps", block: found.id, steps: text };
      return found
        ? { kind: "set", block: found.id, argument: row.argument, place: row.place, value: text }
        : null;
    });
  },

  connect(from: string, output: number, key: string, argument: number): void {
    const to = scene?.byKey.get(key)?.ports.find((port) => port.index === argument);
    request(connection(from, output, { key, argument }), {
      done: `Connected ${nameFor(from)} to ${to?.name ?? "an input"} of ${nameFor(key)}.`,
    });
  },

  /** Why that wire cannot be, or an empty string. */
  whyNotConnect(from: string, output: number, key: string, argument: number): string {
    if (from === key) return "A block cannot be its own input.";
    return whyNot(connection(from, output, { key, argument }));
  },

  disconnect(ends: readonly (readonly [block: number, argument: number])[]): void {
    for (const [id, index] of ends) {
      const was = documentBlock(id);
      const argument = was?.arguments?.[index];
      if (!was || !argument) continue;
      request(
        ({ block }) => {
          const target = block(was.key);
          return target
            ? {
                kind: "disconnect",
                to: { block: target.id, argument: argument.name, place: argument.place ?? "call" },
              }
            : null;
        },
        { done: "Wire removed." },
      );
    }
  },

  remove(keys = chosen()): void {
    if (!keys.length) return;
    request((current) => ({ kind: "remove", blocks: idsOf(current, keys) }), {
      done: keys.length === 1 ? `Removed ${nameFor(keys[0] ?? "")}.` : `Removed ${keys.length} blocks.`,
    });
  },

  /** Removes the wires that are selected, or else the blocks. */
  removeSelected(): void {
    const { wires } = getView();
    const ends = (scene?.lines ?? []).filter((line) => wires.has(line.id)).map((line) => line.to);
    if (!ends.length) {
      commands.remove();
      return;
    }
    setView({ wires: new Set() });
    commands.disconnect(ends);
  },

  /** Puts a new block into the program, connected to what it was asked for from. */
  add(entry: Entry, { at, frame, from }: Adding): void {
    // The loss is no parameter of an optimizer: connecting it writes the loop, which is an edit of its own.
    const loop = entry.kind === "optimizer" && from !== null;
    request(
      ({ block }) => {
        const source = from && !loop ? block(from.key) : undefined;
        const input =
          entry.parameters.find((one) => one.wire && one.required) ??
          entry.parameters.find((one) => one.wire);
        const wire: wire.Wire | null = source && from ? [source.id, from.output] : null;
        const parent = frame ? block(frame)?.id : undefined;
        return {
          kind: "add",
          type: entry.type,
          ...(parent !== undefined && { parent }),
          ...(wire && input && { wires: { [input.list ? "0" : input.name]: wire } }),
        };
      },
      {
        focus: true,
        done: `Added ${entry.title}${from ? `, connected to ${nameFor(from.key)}` : ""}.`,
        ...(at && { spots: ([key]) => (key ? { [key]: at } : {}) }),
        ...(loop && {
          next: ([key]) =>
            request(({ block }) => {
              const [loss, optimizer] = [block(from.key), block(key ?? "")];
              if (!loss || !optimizer) return null;
              return {
                kind: "connect",
                from: [loss.id, from.output],
                to: { block: optimizer.id, argument: "loss" },
              };
            }),
        }),
      },
    );
  },

  startRename(key: string): void {
    setView({ renaming: key });
  },

  /** Ends the renaming of a block; null leaves its name. */
  rename(key: string, name: string | null): void {
    if (getView().renaming !== key) return;
    setView({ renaming: "" });
    const before = scene?.byKey.get(key);
    const text = name?.trim();
    if (!text || !before || text === before.name) return;
    request(
      ({ block }) => {
        const found = block(key);
        return found ? { kind: "rename", block: found.id, name: text } : null;
      },
      { focus: true, done: `Renamed to ${text}.` },
    );
  },

  group(keys = chosen()): void {
    if (!keys.length) {
      refuse("Select the blocks first that are to become a class: Shift and drag, or Ctrl and click.");
      return;
    }
    request((current) => ({ kind: "group", blocks: idsOf(current, keys), name: freeName(current) }), {
      focus: true,
      done: `${keys.length === 1 ? "The block is" : `${keys.length} blocks are`} a class now.`,
    });
  },

  ungroup(keys = chosen()): void {
    const [key] = keys;
    if (!key) {
      refuse("Select a class first.");
      return;
    }
    request(
      ({ block }) => {
        const found = block(key);
        return found ? { kind: "ungroup", block: found.id } : null;
      },
      { focus: true, done: "The class is taken apart." },
    );
  },

  duplicate(keys = chosen()): void {
    if (!keys.length) return;
    request((current) => ({ kind: "duplicate", blocks: idsOf(current, keys) }), {
      focus: true,
      done: "Duplicated.",
    });
  },

  /** Puts the chosen blocks on the clipboard; false if there are none, and then it stays as it was. */
  copy(clipboard: DataTransfer, cut: boolean): boolean {
    const keys = chosen();
    const { document, text, current } = getReading();
    const writer = getWriter();
    if (!keys.length || !document || !current || !writer) return false;
    const ids = document.blocks.filter((block) => keys.includes(block.key)).map((block) => block.id);
    const fragment = writer.copied(text, document, ids);
    if ("refusal" in fragment) {
      refuse(fragment.refusal);
      return true;
    }
    clipboard.setData(CLIPBOARD, JSON.stringify(fragment));
    clipboard.setData("text/plain", fragment.parts.map((part) => part.text).join("\n"));
    say(keys.length === 1 ? `Copied ${nameFor(keys[0] ?? "")}.` : `Copied ${keys.length} blocks.`);
    if (cut) commands.remove(keys);
    return true;
  },

  /** Puts what was copied into the program; false if that is no blocks. */
  paste(clipboard: DataTransfer): boolean {
    const fragment = fragmentIn(clipboard.getData(CLIPBOARD));
    if (!fragment) return false;
    const key = chosen()[0];
    const frame = key ? (scene?.byKey.get(key)?.open ? key : scene?.parent.get(key)) : "";
    request(
      ({ block }) => {
        const parent = frame ? block(frame)?.id : undefined;
        return { kind: "paste", fragment, ...(parent !== undefined && { parent }) };
      },
      { focus: true, done: "Pasted." },
    );
    return true;
  },

  undo(): void {
    if (undoEdit()) {
      say("Undone.");
      readNow();
    } else update({ toast: "There is nothing to undo." });
  },

  redo(): void {
    if (redoEdit()) {
      say("Done again.");
      readNow();
    } else update({ toast: "There is nothing to do again." });
  },

  /** Opens or closes a class, a function or a loop. */
  toggle(key: string): void {
    setView({ closed: toggled(getView().closed, key) });
  },

  /** Shows settings that are not given, or hides them again. */
  expand(key: string): void {
    setView({ expanded: toggled(getView().expanded, key) });
  },

  /** Writes value and gradient on the wires, or only on those that are pointed at. */
  toggleNumbers(): void {
    const numbers = !getView().numbers;
    setView({ numbers });
    say(numbers ? "Wires show value and gradient." : "Wires show shapes alone.");
  },

  /** Goes to where a block stands in the code. */
  showCode(key: string): void {
    const span = scene?.byKey.get(key)?.block.span;
    if (span) revealPosition(span[0], span[1]);
  },

  /** Opens the palette. */
  startAdding(adding: Partial<Adding> = {}): void {
    setView({ adding: { at: null, frame: "", from: null, ...adding } });
  },
};
