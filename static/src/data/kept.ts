/**
 * The person's own table. A draft has what was chosen about it, and the key of its text; the text itself, which may be
 * larger than what localStorage takes, is held in memory and kept in IndexedDB.
 */
import type * as wire from "../protocol.gen";

/** What a draft knows of its table. */
export interface DraftData extends Omit<wire.UserData, "text"> {
  /** Says which text it is: the same text, the same key. */
  readonly key: string;
  /** Of the text in UTF-8. */
  readonly bytes: number;
}

/** The most that a table may have, and the most that goes into a link. */
export const MOST_BYTES = 1024 * 1024;
export const MOST_SHARED = 256 * 1024;

const texts = new Map<string, string>();

/** 106 bits of the text, in letters. */
function keyOf(text: string): string {
  const mixed = [0, 1].map((seed) => {
    let a = 0xdeadbeef ^ seed;
    let b = 0x41c6ce57 ^ seed;
    for (let k = 0; k < text.length; k++) {
      const code = text.charCodeAt(k);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  });
  return mixed.map((part) => part.toString(36)).join("-");
}

/** The table as a draft has it; its text is remembered for as long as the page lives. */
export function remember({ text, ...chosen }: wire.UserData): DraftData {
  const key = keyOf(text);
  texts.set(key, text);
  return { ...chosen, key, bytes: new TextEncoder().encode(text).length };
}

/** The table with its text, as the server takes it; null while the text is not loaded. */
export function userData({ key, bytes: _, ...chosen }: DraftData): wire.UserData | null {
  const text = texts.get(key);
  return text === undefined ? null : { ...chosen, text };
}

/** Whether programs get the same from both. */
export function sameData(a: DraftData | undefined, b: DraftData | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** What was kept of a table; what cannot be read counts as none. */
export function readData(kept: unknown): DraftData | undefined {
  const data = kept as DraftData | null | undefined;
  return typeof data?.key === "string" && typeof data.bytes === "number" ? data : undefined;
}

const STORE = "tables";
let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open("playground", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error("blocked"));
  });
  return opened;
}

async function within<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = (await open()).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = () => failed(transaction.error);
    transaction.onerror = () => failed(transaction.error);
  });
}

const stored = new Set<string>();

/** Keeps the text of a draft's table in the browser; false if the browser does not. */
export async function persist({ key }: DraftData): Promise<boolean> {
  const text = texts.get(key);
  if (text === undefined || stored.has(key)) return true;
  try {
    await within("readwrite", (store) => store.put(text, key));
    stored.add(key);
    return true;
  } catch {
    return false;
  }
}

/** Loads the text of a draft's table into memory; false if it is not there any more. */
export async function loadText({ key }: DraftData): Promise<boolean> {
  if (texts.has(key)) return true;
  const text = await within("readonly", (store) => store.get(key)).catch(() => undefined);
  if (typeof text !== "string") return false;
  texts.set(key, text);
  stored.add(key);
  return true;
}

/** Forgets every text that none of these tables has. */
export async function forgetOthers(kept: readonly (DraftData | undefined)[]): Promise<void> {
  const keys = new Set(kept.map((data) => data?.key));
  const all = await within("readonly", (store) => store.getAllKeys()).catch(() => []);
  for (const key of all) {
    if (keys.has(String(key))) continue;
    stored.delete(String(key));
    await within("readwrite", (store) => store.delete(key)).catch(() => undefined);
  }
}
