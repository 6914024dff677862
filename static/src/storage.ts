/** The browser's storage, which may be full or, inside another page, forbidden: then nothing is kept and nothing breaks. */

type Kind = "localStorage" | "sessionStorage";

export function load(key: string, kind: Kind = "localStorage"): string | null {
  try {
    return window[kind].getItem(key);
  } catch {
    return null;
  }
}

/** The keys that begin with `prefix`. */
export function keys(prefix: string, kind: Kind = "localStorage"): string[] {
  try {
    const all = Array.from({ length: window[kind].length }, (_, i) => window[kind].key(i) ?? "");
    return all.filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/** Keeps `value`; null forgets what was kept. */
export function store(key: string, value: string | null, kind: Kind = "localStorage"): void {
  try {
    if (value === null) window[kind].removeItem(key);
    else window[kind].setItem(key, value);
  } catch {
    // What cannot be kept is lost with the tab; typing and running go on.
  }
}
