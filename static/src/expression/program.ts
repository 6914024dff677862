/** The bar's view of the page: the program as a sheet, edits of it, what is known of its names, and what is asked for live. */
import { useEffect, useMemo, useRef, useState } from "react";
import { gradientOf, memo } from "../derive";
import { loadNames } from "../editor/completion";
import { editText } from "../editor/edits";
import { bytesOf } from "../matrix";
import { edit } from "../program";
import type * as wire from "../protocol.gen";
import type { Recording, RunState } from "../run";
import { getState, useStore } from "../store";
import { rangeOf } from "./inputs";
import { readSheet, type Sheet } from "./sheet";
import { type Functions, functionsOf } from "./translate";

const KEPT = 4;
const sheets = new Map<string, Sheet>();

/** A program as a sheet; the last few are kept, for they are asked for again and again. */
export function sheetOf(text: string): Sheet {
  let sheet = sheets.get(text);
  if (!sheet) {
    sheet = readSheet(text);
    sheets.set(text, sheet);
    for (const old of [...sheets.keys()].slice(0, -KEPT)) sheets.delete(old);
  }
  return sheet;
}

/** The program of the page as it is now. */
export function sheetNow(): Sheet {
  return sheetOf(getState().draft.code);
}

export function useSheet(): Sheet {
  useStore((state) => state.draft.code);
  return sheetNow();
}

const NO_FUNCTIONS: Functions = new Map();
let known: Functions = NO_FUNCTIONS;

/** PyTorch's functions; none until their names are loaded. */
export function useFunctions(): Functions {
  const [functions, set] = useState(known);
  useEffect(() => {
    if (known.size) return;
    let here = true;
    void loadNames().then((names) => {
      known = functionsOf(names);
      if (here) set(known);
    });
    return () => {
      here = false;
    };
  }, []);
  return functions;
}

// --- Edits ---------------------------------------------------------------------------------------------------------------

/** An edit: the text that a sheet's becomes. */
export type Edit = (sheet: Sheet) => string;

const acted = new Set<string>();

/** Whether the person has done something with this program here: nothing is run for somebody who only looks. */
export function hasActed(): boolean {
  return acted.has(getState().draft.id);
}

function act(): void {
  acted.add(getState().draft.id);
}

/** One edit, which one undo takes back. */
export function change(make: Edit): void {
  act();
  editText(make(sheetNow()));
}

/** A drag: the program follows at most once a frame, and one undo takes all of it back. */
export class Gesture {
  #before: string | null = null;
  #next: Edit | null = null;
  #frame = 0;

  move(make: Edit): void {
    act();
    this.#before ??= getState().draft.code;
    this.#next = make;
    this.#frame ||= requestAnimationFrame(() => this.#apply());
  }

  #apply(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const make = this.#next;
    this.#next = null;
    if (make) editText(make(sheetNow()), { passing: true });
  }

  end(): void {
    if (this.#before === null) return;
    this.#apply();
    const [before, after] = [this.#before, getState().draft.code];
    this.#before = null;
    if (before === after) return;
    editText(before, { passing: true });
    editText(after);
  }
}

/** A gesture of a control, and what ends it. */
export function useGesture(): { move: (make: Edit) => void; ends: Record<string, () => void> } {
  const gesture = useRef<Gesture>(undefined);
  gesture.current ??= new Gesture();
  useEffect(() => () => gesture.current?.end(), []);
  return useMemo(() => {
    const end = () => gesture.current?.end();
    return {
      move: (make: Edit) => gesture.current?.move(make),
      ends: { onPointerUp: end, onPointerCancel: end, onLostPointerCapture: end, onKeyUp: end, onBlur: end },
    };
  }, []);
}

// --- Ranges --------------------------------------------------------------------------------------------------------------

const widest = new Map<string, { low: number; high: number }>();

/** What a control goes over: what the person chose, or a round range around the number, which does not shrink under it. */
export function rangeNow(
  name: string,
  value: number,
  around = rangeOf(value),
  kind = "number",
): { low: number; high: number } {
  const { id, board } = getState().draft;
  const kept = board?.ranges?.[name];
  if (kept) return { low: kept[0], high: kept[1] };
  const key = `${id} ${name} ${kind}`;
  const now = around;
  const before = widest.get(key);
  if (before && before.high >= now.high) return before;
  widest.set(key, now);
  return now;
}

export function useRange(
  name: string,
  value: number,
  around = rangeOf(value),
  kind = "number",
): { low: number; high: number } {
  useStore((state) => state.draft.board?.ranges?.[name]);
  return rangeNow(name, value, around, kind);
}

export function setRange(name: string, low: number, high: number): void {
  const { board } = getState().draft;
  edit({ board: { ...board, ranges: { ...board?.ranges, [name]: [low, high] } } });
}

// --- Results -------------------------------------------------------------------------------------------------------------

/** The last node of each name. */
const named = memo((graph: Recording): ReadonlyMap<string, wire.Node> => {
  const found = new Map<string, wire.Node>();
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output.name) found.set(output.name, node);
  return found;
});

export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly value: wire.Values;
  readonly node: number;
}

/** What the run knows of a name of the program. */
export function tensorNamed(run: RunState | null, name: string): Tensor | null {
  const node = run && named(run.graph).get(name);
  const output = node?.outputs.find((one) => one.name === name);
  return node && output ? { ...output, node: node.id } : null;
}

/** The gradient that came to a name: of what the program called backward on. */
export function gradientNamed(run: RunState | null, name: string): wire.Values | null {
  const node = run && named(run.graph).get(name);
  return run && node ? gradientOf(run.graph, node.id) : null;
}

/** The shapes of the run's tensors by name. */
export function shapesNow(run: RunState | null): Map<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  if (run)
    for (const [name, node] of named(run.graph)) {
      const output = node.outputs.find((one) => one.name === name);
      if (output) found.set(name, output.shape);
    }
  return found;
}

/** Numbers as they travel. */
export function floats(bytes: wire.Curve["x"]): Float64Array {
  const view = new DataView(bytesOf(bytes));
  return Float64Array.from({ length: Math.floor(view.byteLength / 8) }, (_, i) =>
    view.getFloat64(8 * i, true),
  );
}

const structures = new WeakMap<Sheet, string>();

/** What formulas and the place of things depend on: the program without the numbers of its inputs. */
export function structureOf(sheet: Sheet): string {
  let structure = structures.get(sheet);
  if (structure === undefined) {
    structure = sheet.entries
      .map((entry) =>
        entry.kind === "input"
          ? `${entry.name}: ${entry.input.kind} ${entry.line}`
          : sheet.text.slice(entry.whole.from, entry.whole.to),
      )
      .join("\n");
    structures.set(sheet, structure);
  }
  return structure;
}
