import { expect, it } from "vitest";
import { decode, indexLabel } from "./matrix";

it("decodes little-endian doubles, from bytes and from base64", () => {
  const values = new Float64Array([1, -4, Number.NaN, 2]);
  const block = { input: 1, rows: [2], columns: [2], values: values.buffer };
  const matrix = decode(block);
  expect([...matrix.values]).toEqual([1, -4, Number.NaN, 2]);
  expect(matrix).toMatchObject({ rows: 2, columns: 2, limit: 4 });
  const text = btoa(String.fromCharCode(...new Uint8Array(values.buffer)));
  expect(decode({ ...block, values: text }).limit).toBe(4);
});

it("refuses a block that does not hold what its shapes promise", () => {
  expect(() => decode({ rows: [3], columns: [3], values: new ArrayBuffer(8) })).toThrow(/3 x 3/);
});

it("names elements by their index", () => {
  expect([indexLabel(0, []), indexLabel(3, [5]), indexLabel(5, [2, 3])]).toEqual(["", "[3]", "[1, 2]"]);
});
