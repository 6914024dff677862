/** The program as boxes and wires: what is inside what, what is closed, which wire goes where. Pure. */
import { MOST_SHARED } from "../data/kept";
import type * as wire from "../protocol.gen";
import { type Box, boxOf, type Flow } from "./boxes";
import type { Entry } from "./palette";

/** A wire from an output to an argument. Ends inside something closed are drawn at what is closed. */
export interface Line {
  readonly id: string;
  readonly from: wire.Wire;
  readonly to: readonly [block: number, argument: number];
  /** Keys of the boxes that are drawn, and their handles. */
  readonly source: string;
  readonly target: string;
  readonly sourceHandle: string;
  readonly targetHandle: string;
  readonly shape: readonly number[] | null;
  /** The variable, if it has one. */
  readonly name: string;
}

export interface Scene {
  /** Outer ones before what is in them. */
  readonly boxes: readonly Box[];
  readonly byKey: ReadonlyMap<string, Box>;
  /** All blocks of the program, drawn or not. */
  readonly blocks: ReadonlyMap<number, wire.Block>;
  /** The frame a box lies in, by key; "" is the program. */
  readonly parent: ReadonlyMap<string, string>;
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly lines: readonly Line[];
  readonly flow: Flow;
}

export interface SceneOptions {
  readonly flow: Flow;
  readonly closed: ReadonlySet<string>;
  readonly expanded: ReadonlySet<string>;
  readonly entryOf: (type: string) => Entry | undefined;
  /** The person's table is larger than what goes along each time a program is read. */
  readonly large?: boolean;
}

/** Parts of the person's own table. */
const OWN = new Set(["data.X", "data.y", "data.X_test", "data.y_test"]);
const LARGE = `No shape before a run: the table is larger than ${MOST_SHARED >> 10} KiB.`;

export const inHandle = (argument: number) => `i${argument}`;
export const outHandle = (output: number) => `o${output}`;
/** Where wires end at a closed frame. */
export const FRAME_IN = "i";
export const FRAME_OUT = "o";

/** The number in a handle's name, or -1. */
export function handleIndex(handle: string | null | undefined): number {
  return handle && handle.length > 1 ? Number(handle.slice(1)) : -1;
}

export function sceneOf(document: wire.Document, text: string, options: SceneOptions): Scene {
  const blocks = new Map(document.blocks.map((block) => [block.id, block]));
  const statements = new Map(document.statements.map((one) => [one.index, one]));
  const inside = new Map<number, number>();
  for (const block of document.blocks) {
    for (const outer of outerOf(block, blocks)) inside.set(outer.id, (inside.get(outer.id) ?? 0) + 1);
  }
  const isFrame = (block: wire.Block) =>
    block.kind === "class" || block.kind === "train" || inside.has(block.id);
  const boxes: Box[] = [];
  const parent = new Map<string, string>();
  const children = new Map<string, string[]>();
  /** By block: the box that stands for it. */
  const drawn = new Map<number, Box>();
  const ordered = [...document.blocks].sort((a, b) => depth(a, blocks) - depth(b, blocks));
  for (const block of ordered) {
    const outer = block.parent === undefined || block.parent < 0 ? undefined : drawn.get(block.parent);
    if (outer && !outer.open) {
      drawn.set(block.id, outer);
      continue;
    }
    const statement = statements.get(block.statement);
    const box = boxOf(block, options.entryOf(block.type), {
      flow: options.flow,
      expanded: options.expanded.has(block.key),
      frame: isFrame(block),
      open: isFrame(block) && !options.closed.has(block.key),
      inside: inside.get(block.id) ?? 0,
      text: statement ? text.slice(...statement.core) : text.slice(...block.span),
      why: block.kind === "code" ? (statement?.why ?? "") : options.large && OWN.has(block.type) ? LARGE : "",
    });
    drawn.set(block.id, box);
    boxes.push(box);
    parent.set(box.key, outer?.key ?? "");
    const list = children.get(outer?.key ?? "");
    if (list) list.push(box.key);
    else children.set(outer?.key ?? "", [box.key]);
  }
  return {
    boxes,
    byKey: new Map(boxes.map((box) => [box.key, box])),
    blocks,
    parent,
    children,
    lines: linesOf(document, blocks, drawn),
    flow: options.flow,
  };
}

function linesOf(
  document: wire.Document,
  blocks: ReadonlyMap<number, wire.Block>,
  drawn: ReadonlyMap<number, Box>,
): Line[] {
  const lines: Line[] = [];
  // An open Sequential hands what comes in to its first layer, and what its last one makes is what it makes.
  const layers = (block: wire.Block | undefined): wire.Block[] =>
    block?.type === "nn.Sequential" && drawn.get(block.id)?.open && drawn.get(block.id)?.block === block
      ? (block.arguments ?? []).flatMap((one) => {
          const layer = one.place === "definition" && one.wire ? blocks.get(one.wire[0]) : undefined;
          return layer ? [layer] : [];
        })
      : [];
  const through = (line: Line): Line => {
    const last = layers(blocks.get(line.from[0])).at(-1);
    const source = last && drawn.get(last.id);
    const first = layers(blocks.get(line.to[0]))[0];
    const target = first && drawn.get(first.id);
    const input = first?.arguments?.findIndex((one) => one.name === "input") ?? -1;
    return {
      ...line,
      ...(source && { source: source.key, sourceHandle: outHandle(0) }),
      ...(target && input >= 0 && { target: target.key, targetHandle: inHandle(input) }),
    };
  };
  for (const block of document.blocks) {
    const holds = layers(block).length > 0;
    for (const [index, argument] of (block.arguments ?? []).entries()) {
      const from = argument.wire;
      const source = from && drawn.get(from[0]);
      const target = drawn.get(block.id);
      if (!from || !source || !target || source === target) continue;
      if (holds && argument.place === "definition") continue;
      const of = blocks.get(from[0]);
      const out = of?.outputs?.[from[1]];
      const line: Line = {
        id: `${of?.key ?? from[0]}.${from[1]}>${block.key}.${index}`,
        from,
        to: [block.id, index],
        source: source.key,
        target: target.key,
        sourceHandle: source.block === of ? outHandle(from[1]) : FRAME_OUT,
        targetHandle: target.block === block ? inHandle(index) : FRAME_IN,
        shape: out?.shape ?? null,
        name: out?.name ?? "",
      };
      lines.push(through(line));
    }
  }
  return lines;
}

function* outerOf(block: wire.Block, blocks: ReadonlyMap<number, wire.Block>): Generator<wire.Block> {
  // A document comes from a worker: what is inside itself must not hold the page.
  const seen = new Set<number>([block.id]);
  for (let at = blocks.get(block.parent ?? -1); at && !seen.has(at.id); at = blocks.get(at.parent ?? -1)) {
    seen.add(at.id);
    yield at;
  }
}

function depth(block: wire.Block, blocks: ReadonlyMap<number, wire.Block>): number {
  return [...outerOf(block, blocks)].length;
}

/** How a block is spoken of: its variable or layer, else what it does. */
export function sayBox(box: Box): string {
  return box.name ? `${box.title} ${box.name}` : box.title;
}
