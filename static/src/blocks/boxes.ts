/** What each block says and how large it is. Sizes depend on the program alone, so a run moves nothing. */
import { formatShape } from "../numbers";
import type * as wire from "../protocol.gen";
import { type Entry, parameterOf, shortType } from "./palette";

/** Which way values go. */
export type Flow = "down" | "right";

/** An argument of a block, by its place in `Block.arguments`. */
export interface Row {
  readonly index: number;
  /** As it is shown. */
  readonly name: string;
  /** As the program has it. */
  readonly argument: string;
  readonly place: "call" | "definition";
  readonly text: string;
  readonly doc: string;
  /** A wire may come in. */
  readonly port: boolean;
  readonly wired: boolean;
  /** It is still to be connected. */
  readonly open: boolean;
  readonly required: boolean;
  readonly given: boolean;
  /** What holds where it is not given. */
  readonly otherwise: string;
  readonly choices: readonly string[];
}

export interface Out {
  readonly index: number;
  readonly name: string;
  readonly shape: readonly number[] | null;
  readonly dtype: string;
}

export interface Box {
  readonly key: string;
  readonly block: wire.Block;
  readonly title: string;
  /** The variable, or what a layer is called. */
  readonly name: string;
  readonly doc: string;
  /** Where wires come in. */
  readonly ports: readonly Row[];
  /** What is set in place, and shown. */
  readonly settings: readonly Row[];
  /** Settings that are not given, and not shown. */
  readonly hidden: number;
  readonly outs: readonly Out[];
  /** What it makes has a value and a gradient. */
  readonly cells: boolean;
  /** Of code: its first lines. */
  readonly lines: readonly string[];
  readonly moreLines: number;
  readonly why: string;
  readonly wrong: string;
  /** It holds others. */
  readonly frame: boolean;
  readonly open: boolean;
  readonly inside: number;
  readonly width: number;
  readonly height: number;
  /** What the title of an open frame takes. */
  readonly least: number;
}

export const HEADER = 26;
const ROW = 24;
const PORTS = 16;
/** Value and gradient, side by side. */
export const CELL = 18;
const OUTS = 16;
const NARROW = 152;
const WIDE = 272;
const CODE_WIDTH = 272;
const CODE_LINE = 18;
const CODE_LINES = 5;
/** Room for a shape: it is known a moment after the rest, and nothing may move for it. */
const SHAPE = 56;
const LETTER = 6.9;
const MONO = 7.4;
export const CLOSED = { width: 200, height: 36 };

/** What makes numbers and text of Python's own, which no run records. */
const PLAIN = new Set(["number", "Tensor.item", "Tensor.tolist", "data.decode"]);

const round = (x: number) => 4 * Math.ceil(x / 4);

/** Of a list of any length, one place more than it has elements. */
const MORE = "+";

export function rowsOf(block: wire.Block, entry: Entry | undefined): readonly Row[] {
  const rows: Row[] = (block.arguments ?? []).map((argument, index) => {
    const place = argument.place ?? "call";
    const parameter = parameterOf(entry, argument.name, place);
    const wired = argument.wire != null;
    const open = argument.open === true;
    // The one element of a list so far goes by the list's name.
    const alone =
      parameter?.list && (block.arguments ?? []).filter((one) => /^\d+$/.test(one.name)).length === 1;
    return {
      index,
      name: alone ? parameter.name : argument.name,
      argument: argument.name,
      place,
      text: argument.text ?? "",
      doc: parameter?.doc ?? "",
      port: wired || open || (parameter?.wire ?? false),
      wired,
      open,
      required: parameter?.required ?? false,
      given: argument.span != null,
      otherwise: parameter?.default ?? "",
      choices: parameter?.choices ?? [],
    };
  });
  const list = entry?.parameters.find((one) => one.list && one.wire);
  const elements = rows.filter((row) => /^\d+$/.test(row.argument));
  if (list && !elements.some((row) => row.open) && !rows.some((row) => row.argument === list.name)) {
    rows.push(virtual(rows.length, MORE, String(elements.length), list.place ?? "call", list.doc ?? ""));
  }
  // A loss that comes in here writes the training loop.
  if (block.kind === "optimizer" && !rows.some((row) => row.argument === "loss")) {
    rows.push(
      virtual(
        rows.length,
        "loss",
        "loss",
        "call",
        "The loss to make smaller: connecting it writes the training loop.",
      ),
    );
  }
  return rows;
}

/** An input that is not in the text yet. */
function virtual(index: number, name: string, argument: string, place: Row["place"], doc: string): Row {
  return {
    index,
    name,
    argument,
    place,
    text: "",
    doc,
    port: true,
    wired: false,
    open: false,
    required: false,
    given: false,
    otherwise: "",
    choices: [],
  };
}

function titleOf(block: wire.Block, entry: Entry | undefined): string {
  if (block.kind === "train")
    return block.arguments?.some((one) => one.name === "over") ? "Batches" : "Training loop";
  if (block.kind === "class") return block.type || "Class";
  if (block.kind === "code") return "Code";
  if (block.type === "parameter") return "Input";
  if (block.type === "return") return "Result";
  if (entry) return entry.title;
  return shortType(block.type) || block.kind;
}

function nameOf(block: wire.Block): string {
  if (block.kind === "code" || block.kind === "train" || block.kind === "class") return "";
  if (block.definition !== undefined && block.definition >= 0) {
    // In its class a layer's own name is enough.
    const key = block.key.split("/")[0] ?? "";
    return block.parent !== undefined && block.parent >= 0 ? key.slice(key.lastIndexOf(".") + 1) : key;
  }
  const names = (block.outputs ?? []).map((out) => out.name ?? "").filter(Boolean);
  return names.join(", ");
}

/** The shape of its one value; of several each stands at its own. */
export function shapeText(outs: readonly Out[]): string {
  const shape = outs.length === 1 ? outs[0]?.shape : null;
  return shape ? formatShape(shape) : "";
}

/** Lines that a sentence takes in a box of that width. */
function linesFor(text: string, width: number): number {
  return text ? Math.ceil((text.length * LETTER) / (width - 24)) : 0;
}

export interface BoxOptions {
  readonly flow: Flow;
  readonly expanded: boolean;
  readonly frame: boolean;
  readonly open: boolean;
  readonly inside: number;
  /** The text of a code block. */
  readonly text: string;
  readonly why: string;
}

export function boxOf(block: wire.Block, entry: Entry | undefined, options: BoxOptions): Box {
  const { flow, expanded, frame, open, inside } = options;
  const rows = rowsOf(block, entry);
  const ports = rows.filter((row) => row.port);
  // What is written in the place of a wire is edited in place too.
  const editable = rows.filter((row) => !row.wired && !row.open && (!row.port || row.given));
  const settings = editable.filter((row) => expanded || row.given || row.required);
  const hidden = editable.length - editable.filter((row) => row.given || row.required).length;
  const outs = (block.outputs ?? []).map((out, index) => ({
    index,
    name: out.name ?? "",
    shape: out.shape ?? null,
    dtype: out.dtype ?? "",
  }));
  const code = block.kind === "code" ? options.text.replace(/\s+$/, "").split("\n") : [];
  const title = titleOf(block, entry);
  const name = nameOf(block);
  const heading = title.length * LETTER * 1.06 + (name ? name.length * MONO + 8 : 0);
  const widest = Math.max(
    heading + (outs.length === 1 ? SHAPE : 0) + 52,
    flow === "down" ? ports.reduce((sum, port) => sum + port.name.length * LETTER + 20, 0) : 0,
    flow === "down" && outs.length > 1 ? outs.reduce((sum, out) => sum + out.name.length * MONO + 20, 0) : 0,
    ...settings.map(
      (row) => row.name.length * LETTER + Math.min(16, Math.max(4, row.text.length)) * MONO + 48,
    ),
  );
  const wrong = block.wrong ?? "";
  const width =
    block.kind === "code"
      ? CODE_WIDTH
      : round(Math.min(WIDE, Math.max(wrong || options.why ? 224 : NARROW, widest)));
  const whyHeight = Math.min(2, linesFor(options.why, width)) * CODE_LINE;
  const wrongHeight = wrong ? 12 + Math.min(4, linesFor(wrong, width)) * CODE_LINE : 0;
  const shown = code.slice(0, CODE_LINES);
  const cells = outs.length > 0 && block.kind !== "code" && !PLAIN.has(block.type);
  const height =
    frame && !open
      ? CLOSED.height
      : block.kind === "code"
        ? HEADER +
          portHeight(ports, flow) +
          whyHeight +
          (shown.length + (code.length > shown.length ? 1 : 0)) * CODE_LINE +
          (outs.length > 1 ? OUTS : 0) +
          10
        : HEADER +
          portHeight(ports, flow) +
          settings.length * ROW +
          (outs.length > 1 ? (flow === "right" ? outs.length : 1) * OUTS : 0) +
          (cells ? CELL + 8 : settings.length || outs.length ? 6 : 0) +
          whyHeight +
          wrongHeight;
  return {
    key: block.key,
    block,
    title,
    name,
    doc: entry?.doc ?? "",
    ports,
    settings,
    hidden,
    outs,
    cells,
    lines: shown,
    moreLines: code.length - shown.length,
    why: options.why,
    wrong,
    frame,
    open,
    inside,
    width: frame && !open ? CLOSED.width : width,
    height: round(height),
    least: frame && open ? Math.ceil(heading + 128 + settings.length * 108) : 0,
  };
}

/** Names of ports stand in one row under the handles, or each beside its own. */
export function portHeight(ports: readonly Row[], flow: Flow): number {
  if (!ports.length) return 0;
  return flow === "right" ? ports.length * PORTS : ports.length > 1 ? PORTS : 0;
}
