/** How a program lies as blocks and as expressions, beside its text: nothing that its meaning depends on. */
import type * as wire from "./protocol.gen";

const NO_BOARD: wire.Board = {};

/** Whether two boards look alike; which way the program was written last is no part of that. */
export function sameBoard(a: wire.Board = NO_BOARD, b: wire.Board = NO_BOARD): boolean {
  return a === b || (samePairs(a.spots, b.spots) && samePairs(a.ranges, b.ranges));
}

type Pairs = Readonly<Record<string, readonly [number, number]>>;

function samePairs(a: Pairs = {}, b: Pairs = {}): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => a[name]?.[0] === b[name]?.[0] && a[name]?.[1] === b[name]?.[1])
  );
}

/** Changes of places, by key; null takes one away. */
export type Moves = Readonly<Record<string, wire.Spot | null>>;

export function moved(
  spots: Readonly<Record<string, wire.Spot>> = {},
  moves: Moves,
): Record<string, wire.Spot> {
  const next = { ...spots };
  for (const [key, spot] of Object.entries(moves)) {
    if (spot) next[key] = spot;
    else delete next[key];
  }
  return next;
}

/** A board as it was kept in the browser; what cannot be read of it is left out. */
export function readBoard(kept: unknown): wire.Board | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { spots, ranges, way } = kept as Record<string, unknown>;
  return {
    spots: pairs(spots),
    ranges: pairs(ranges),
    ...(way === "blocks" || way === "code" || way === "expression" ? { way } : {}),
  };
}

function pairs(kept: unknown): Record<string, [number, number]> {
  if (typeof kept !== "object" || kept === null) return {};
  const good = (pair: unknown): pair is [number, number] =>
    Array.isArray(pair) && pair.length === 2 && pair.every((x) => Number.isFinite(x));
  return Object.fromEntries(
    Object.entries(kept).filter((entry): entry is [string, [number, number]] => good(entry[1])),
  );
}
