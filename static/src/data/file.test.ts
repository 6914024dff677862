import { describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { dataFile, linesFor, withLines } from "./file";
import { readData, remember, sameData, userData } from "./kept";
import { checked, decode, isTable } from "./text";

/** Everything that could break a text of Python: quotes, backslashes, line ends, letters from elsewhere. */
const TABLE: wire.UserData = {
  name: 'flowers "of May" é.csv',
  text: '\ufefflength;note;kind\r\n5,1;"a ""quoted"" one";round\r\n4,9;back\\slash\\n;round\r\n7,0;"""";long\r\n6,4;ünï;long\r\noops;x;long\r\n6,3;"two\r\nlines";long\r\n5,0;y;"round"',
  types: { note: "text" },
  features: ["length"],
  target: "kind",
  standardise: true,
  test: 0.34,
  seed: 7,
};

describe("data.py", () => {
  it("is the module of small sets where there is no table", () => {
    expect(dataFile(null)).toMatch(/^"""Small data sets/);
    expect(dataFile(null)).not.toContain("read_table");
  });

  // A Python test runs this very file, and compares what is in it with what a program finds here.
  it("has the table in it", async () => {
    await expect(dataFile(TABLE)).toMatchFileSnapshot("../../../tests/playground/data/downloaded.py.txt");
    await expect(JSON.stringify(TABLE, null, 1)).toMatchFileSnapshot(
      "../../../tests/playground/data/downloaded.json",
    );
  });
});

describe("lines for the program", () => {
  const table = {
    columns: [
      { name: "a", type: "number" },
      { name: "k", type: "category", categories: ["x", "y"] },
    ],
    features: ["a"],
    target: "k",
  } as wire.Table;
  const lines = "X, y = data.X, data.y\n";

  it("say what comes", () => {
    expect(linesFor(table, {})).toBe("X, y = data.X, data.y  # 1 column; 2 classes\n");
    expect(linesFor(table, { test: 0.2 })).toMatch(/\nX_test, y_test = data\.X_test, data\.y_test\n$/);
    expect(linesFor({ ...table, target: "a" }, {})).toContain("numbers");
  });

  it.each([
    ["", `import data\n\n${lines}`],
    ["import torch\n\n", `import torch\nimport data\n\n${lines}\n`],
    ["import torch", `import torch\nimport data\n\n${lines}`],
    ["import data\nx = 1\n", `import data\n\n${lines}\nx = 1\n`],
    ["import torch, data\nx = 1\n", `import torch, data\n\n${lines}\nx = 1\n`],
    ["import data.x\n", `import data.x\nimport data\n\n${lines}`],
    ['"""Doc."""\nx = 1\n', `"""Doc."""\nimport data\n\n${lines}\nx = 1\n`],
  ])("stand after the imports of %j", (code, expected) => {
    expect(withLines(code, lines)).toBe(expected);
  });
});

describe("a table of a draft", () => {
  it("is remembered by its text", () => {
    const data = remember(TABLE);
    expect(data.bytes).toBe(new TextEncoder().encode(TABLE.text).length);
    expect(data).not.toHaveProperty("text");
    expect(userData(data)).toEqual(TABLE);
    expect(sameData(remember(TABLE), data)).toBe(true);
    expect(sameData({ ...data, seed: 8 }, data)).toBe(false);
    expect(remember({ text: `${TABLE.text} ` }).key).not.toBe(data.key);
    expect(userData({ ...data, key: "other" })).toBeNull();
    expect(readData(JSON.parse(JSON.stringify(data)))).toEqual(data);
    expect(readData({ key: 1 })).toBeUndefined();
    expect(readData(null)).toBeUndefined();
  });
});

describe("a file of text", () => {
  const bytes = (...values: number[]) => new Uint8Array(values);

  it("is read in the ways that spreadsheets write", () => {
    expect(decode(new TextEncoder().encode("a;é\n"))).toBe("a;é\n");
    expect(decode(bytes(0x61, 0x3b, 0xe9))).toBe("a;é"); // windows-1252
    expect(decode(bytes(0xff, 0xfe, 0x61, 0x00, 0x3b, 0x00))).toBe("a;"); // UTF-16
    expect(decode(bytes(0xfe, 0xff, 0x00, 0x61))).toBe("a");
  });

  it("is refused where it is none, or too much", () => {
    expect(() => decode(bytes(0x50, 0x4b, 0x00, 0x00))).toThrow("This is no table of text");
    expect(() => checked("x".repeat(1024 * 1024 + 1))).toThrow("The table has 1,025 KiB; at most 1,024 KiB");
    expect(() => decode(new Uint8Array(3 * 1024 * 1024))).toThrow("3,072 KiB");
    expect(checked("x".repeat(1024 * 1024))).toHaveLength(1024 * 1024);
  });

  it("is told from our own files", () => {
    expect(isTable({ name: "iris.CSV", type: "" })).toBe(true);
    expect(isTable({ name: "iris", type: "text/csv" })).toBe(true);
    expect(isTable({ name: "session.json", type: "application/json" })).toBe(false);
    expect(isTable({ name: "graph.png", type: "image/png" })).toBe(false);
  });
});
