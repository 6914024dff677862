/** For tests of speed: a machine that others use too, or a slow one, must not fail them, so nothing is held in milliseconds. */

/** Some tenths of a millisecond of what the page does all day: small objects, maps, arrays, closures. */
function work(): number {
  const found = new Map<number, { id: number; at: number[] }>();
  for (let id = 0; id < 20_000; id++) {
    const key = (id * 7919) % 1009;
    const known = found.get(key);
    if (known) known.at.push(id);
    else found.set(key, { id, at: [id] });
  }
  return [...found.values()].map((one) => one.at.length).reduce((sum, length) => sum + length, 0);
}

function timed(action: () => unknown): number {
  const began = performance.now();
  action();
  return performance.now() - began;
}

/** The quickest of several times that `action` took, as a ratio to the quickest of a fixed piece of work done by turns. */
export function ratio(action: () => unknown, tries = 7): number {
  return ratioOf(() => undefined, action, tries);
}

/** The same for what `action` does with what `make` makes, which is not counted. */
export function ratioOf<T>(make: () => T, action: (made: T) => unknown, tries = 7): number {
  let [best, unit] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let k = 0; k < tries; k++) {
    const made = make();
    best = Math.min(
      best,
      timed(() => action(made)),
    );
    for (let j = 0; j < 5; j++) unit = Math.min(unit, timed(work));
  }
  return best / unit;
}
