/** Work that takes some of a frame, each piece in a task of its own, so that no task has to do several of them. */

const waiting: (() => void)[] = [];
let busy = false;

function next(): void {
  waiting.shift()?.();
  busy = waiting.length > 0;
  if (busy) setTimeout(next, 12);
}

export function turn(act: () => void): void {
  waiting.push(act);
  if (busy) return;
  busy = true;
  setTimeout(next);
}
