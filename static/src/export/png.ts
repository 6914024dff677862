/**
 * A text inside a PNG picture, as an `iTXt` chunk with compressed UTF-8, and out of it again.
 *
 * Source: "Portable Network Graphics (PNG) Specification (Third Edition)", W3C, sections 5.2 to 5.5 and 11.3.3.4. Other
 * programs show the picture and pass over the chunk.
 */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
/** Length, type and checksum of a chunk. */
const FRAME = 12;

/** A picture that is not whole; the message is a sentence for the person. */
export class Broken extends Error {}

const DAMAGED = "The picture is damaged: it was cut off or changed on its way here.";

let table: Uint32Array | undefined;

/** The checksum of ISO 3309, as PNG uses it (Annex D of the specification). */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => bytes[at] === byte);
}

interface Chunk {
  readonly type: string;
  readonly start: number;
  /** Where its data is. */
  readonly data: Uint8Array;
  readonly crc: number;
}

/** The chunks of a picture up to its end. Throws Broken where it is cut off. */
function* chunks(png: Uint8Array): Generator<Chunk> {
  if (!isPng(png)) throw new Broken("This is not a PNG picture.");
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  let at: number = SIGNATURE.length;
  while (at + FRAME <= png.length) {
    const length = view.getUint32(at);
    if (at + FRAME + length > png.length) throw new Broken(DAMAGED);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const data = png.subarray(at + 8, at + 8 + length);
    yield { type, start: at, data, crc: view.getUint32(at + 8 + length) };
    if (type === "IEND") return;
    at += FRAME + length;
  }
  throw new Broken(DAMAGED);
}

async function through(bytes: Uint8Array, change: TransformStream, most = Infinity): Promise<Uint8Array> {
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(change).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array };
    if (done || !value) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Broken("What is inside the picture is too large.");
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/** The picture with one more text, after everything else it holds. */
export async function putText(png: Uint8Array, keyword: string, text: string): Promise<Uint8Array> {
  const packed = await through(new TextEncoder().encode(text), new CompressionStream("deflate"));
  // Keyword, 0, compressed, method 0, no language, no translated keyword.
  const head = [...new TextEncoder().encode(keyword), 0, 1, 0, 0, 0];
  const body = new Uint8Array(4 + head.length + packed.length);
  body.set(new TextEncoder().encode("iTXt"));
  body.set(head, 4);
  body.set(packed, 4 + head.length);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  const end = [...chunks(png)].at(-1);
  if (!end) throw new Broken(DAMAGED);
  const made = new Uint8Array(png.length + chunk.length);
  made.set(png.subarray(0, end.start));
  made.set(chunk, end.start);
  made.set(png.subarray(end.start), end.start + chunk.length);
  return made;
}

/**
 * The text that `putText` put in, or null where there is none. Throws Broken for a picture that is not whole, and for a
 * text of more than `most` bytes.
 */
export async function getText(png: Uint8Array, keyword: string, most: number): Promise<string | null> {
  const wanted = [...new TextEncoder().encode(keyword), 0];
  for (const { type, data, crc, start } of chunks(png)) {
    if (type !== "iTXt" || !wanted.every((byte, at) => data[at] === byte)) continue;
    if (crc32(png.subarray(start + 4, start + 8 + data.length)) !== crc) throw new Broken(DAMAGED);
    const [compressed, method] = [data[wanted.length], data[wanted.length + 1]];
    const language = data.indexOf(0, wanted.length + 2);
    const translated = data.indexOf(0, language + 1);
    if (language < 0 || translated < 0 || method !== 0) throw new Broken(DAMAGED);
    const text = data.subarray(translated + 1);
    try {
      const bytes = compressed ? await through(text, new DecompressionStream("deflate"), most) : text;
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (problem) {
      throw problem instanceof Broken ? problem : new Broken(DAMAGED);
    }
  }
  return null;
}
