/** A table as a file brings it: its bytes as text. */
import { formatCount } from "../numbers";
import { MOST_BYTES } from "./kept";

/** Why it cannot be taken, in a sentence. */
export class Unreadable extends Error {}

export const kib = (bytes: number) => `${formatCount(Math.ceil(bytes / 1024))} KiB`;

/** Whether a file is a table by its name or type. */
export function isTable(file: { readonly name: string; readonly type: string }): boolean {
  return (
    /\.(csv|tsv|tab|txt|dat)$/i.test(file.name) || /^text\/(csv|tab-separated-values|plain)$/.test(file.type)
  );
}

/** The text in the bytes: UTF-8, UTF-16 if it says so, or else what spreadsheets in western Europe write. */
export function decode(bytes: Uint8Array): string {
  if (bytes.length > MOST_BYTES * 2) throw tooLarge(bytes.length);
  const [first, second] = bytes;
  let text: string;
  if (first === 0xff && second === 0xfe) text = new TextDecoder("utf-16le").decode(bytes);
  else if (first === 0xfe && second === 0xff) text = new TextDecoder("utf-16be").decode(bytes);
  else {
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      text = new TextDecoder("windows-1252").decode(bytes);
    }
  }
  if (text.includes("\0")) throw new Unreadable("This is no table of text. Expected CSV.");
  return checked(text);
}

/** The text, if it is not too large. */
export function checked(text: string): string {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOST_BYTES) throw tooLarge(bytes);
  return text;
}

function tooLarge(bytes: number): Unreadable {
  return new Unreadable(
    `The table has ${kib(bytes)}; at most ${kib(MOST_BYTES)} can be used. Leave out rows or columns.`,
  );
}
