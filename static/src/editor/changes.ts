/** What has to change in one text to make it another. */

export interface Change {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** Lines of each text that are compared pair by pair; beyond, what lies between equal ends is one change. */
const MOST = 600;

/** Lines that two texts have in common, in order, as pairs of positions; of long differences only what is around them. */
export function sameLines(old: readonly string[], now: readonly string[]): (readonly [number, number])[] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail++;
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < head; i++) pairs.push([i, i]);
  const a = old.slice(head, old.length - tail);
  const b = now.slice(head, now.length - tail);
  if (a.length <= MOST && b.length <= MOST)
    for (const [i, j] of common(a, b)) pairs.push([head + i, head + j]);
  for (let i = tail; i > 0; i--) pairs.push([old.length - i, now.length - i]);
  return pairs;
}

/** The changes, in order, that make `after` of `before`: line by line, and in a line from its first difference to its last. */
export function changesOf(before: string, after: string): Change[] {
  if (before === after) return [];
  const [old, now] = [linesOf(before), linesOf(after)];
  const changes: Change[] = [];
  let [at, i, j] = [0, 0, 0];
  for (const [x, y] of [...sameLines(old, now), [old.length, now.length] as const]) {
    const removed = old.slice(i, x).join("");
    const change = within(at, removed, now.slice(j, y).join(""));
    if (change) changes.push(change);
    at += removed.length + (old[x]?.length ?? 0);
    [i, j] = [x + 1, y + 1];
  }
  return changes;
}

/** Each with its line break. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** The change between two pieces of text at `at`, without what they begin and end with alike. */
function within(at: number, before: string, after: string): Change | null {
  if (before === after) return null;
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { from: at + head, to: at + before.length - tail, insert: after.slice(head, after.length - tail) };
}

/** A longest common subsequence, as pairs of positions. */
function common(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}
