// @vitest-environment node
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Broken, crc32, getText, isPng, putText } from "./png";

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = new Uint8Array([...new TextEncoder().encode(type), ...data]);
  const made = new Uint8Array(body.length + 8);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  made.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return made;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** One grey pixel. */
const HEADER = chunk("IHDR", new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
const PIXEL = chunk("IDAT", deflateSync(new Uint8Array([0, 128])));
const END = chunk("IEND", new Uint8Array());
const PNG = new Uint8Array([...SIGNATURE, ...HEADER, ...PIXEL, ...END]);
const MOST = 1_000_000;

function damaged(png: Uint8Array, at: number): Uint8Array {
  const made = png.slice();
  made[at] = (made[at] ?? 0) ^ 0x55;
  return made;
}

describe("a text in a picture", () => {
  it("comes out as it went in, whatever it is", async () => {
    for (const text of ["", "plain", '{"a": "ü∂\u0000</script>"}', "x = 1\n".repeat(50_000)]) {
      const made = await putText(PNG, "key", text);
      expect(await getText(made, "key", MOST)).toBe(text);
      expect(await getText(made, "other", MOST)).toBeNull();
    }
  });

  it("leaves the picture as it was, and stands before its end", async () => {
    const made = await putText(PNG, "key", "x".repeat(10_000));
    const added = made.length - PNG.length;
    expect(added).toBeLessThan(200);
    const start = PNG.length - END.length;
    expect([...made.slice(0, start), ...made.slice(start + added)]).toEqual([...PNG]);
  });

  it("has the checksum of the specification", () => {
    expect(crc32(new TextEncoder().encode("IEND"))).toBe(0xae426082);
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });

  it("is read from a chunk that is not compressed, with language and translated keyword", async () => {
    const data = new TextEncoder().encode("key\0\0\0en\0Schlüssel\0text");
    const png = new Uint8Array([...SIGNATURE, ...HEADER, ...chunk("iTXt", data), ...END]);
    expect(await getText(png, "key", MOST)).toBe("text");
  });
});

describe("a picture that is not whole", () => {
  it("is none without the signature", async () => {
    expect(isPng(PNG)).toBe(true);
    expect(isPng(new Uint8Array([0x89, 0x50]))).toBe(false);
    await expect(getText(new Uint8Array(), "key", MOST)).rejects.toThrow("not a PNG");
  });

  it("is said to be damaged, wherever it was cut off", async () => {
    const made = await putText(PNG, "key", "some text that is in there");
    for (let end = SIGNATURE.length; end < PNG.length - END.length; end++) {
      await expect(getText(made.slice(0, end), "key", MOST)).rejects.toThrow(Broken);
    }
  });

  it("is said to be damaged, whichever byte of the text changed", async () => {
    const made = await putText(PNG, "key", "some text that is in there");
    const start = PNG.length - END.length;
    for (let at = start + 12; at < made.length - END.length; at++) {
      const found = await getText(damaged(made, at), "key", MOST).catch((problem: unknown) => problem);
      // The keyword itself may have become another.
      expect(found === null || found instanceof Broken).toBe(true);
    }
  });

  it("does not make the page run out of memory", async () => {
    const bomb = await putText(PNG, "key", " ".repeat(20_000_000));
    expect(bomb.length).toBeLessThan(30_000);
    await expect(getText(bomb, "key", MOST)).rejects.toThrow("too large");
  });

  it("may claim any length", async () => {
    const made = PNG.slice();
    new DataView(made.buffer).setUint32(SIGNATURE.length, 0xffffffff);
    await expect(getText(made, "key", MOST)).rejects.toThrow(Broken);
  });
});
