import { describe, expect, it } from "vitest";
import names from "../names.gen.json";
import { close, removeEntry, setInput, shownLine, withoutUnused, writeLine } from "./edit";
import { firstNumbers, newInput, numbersOf, rangeOf, rounded, splice, stepOf, written } from "./inputs";
import { guessKinds } from "./kinds";
import { leftOut, readSheet } from "./sheet";
import { functionsOf } from "./translate";

const functions = functionsOf(names as never);

function write(text: string, shown: string, at: number | null = null): string {
  const made = writeLine(text, shown, functions, at);
  if ("mistake" in made) throw new Error(made.mistake.message);
  return made.text;
}

const SINE = write("", "sin(a) * 2 + 1");
const at = (text: string, name: string) =>
  readSheet(text).entries.findIndex((one) => "name" in one && one.kind !== "closing" && one.name === name);

it("writes a whole program for the first line", () => {
  expect(SINE).toBe(
    "import torch\n\na = torch.tensor(0.5, requires_grad=True)\ny = torch.sin(a) * 2 + 1\ny.sum().backward()\n",
  );
});

it("gives each free name a tensor that fits", () => {
  const text = write("import torch\n", "p = softmax(W @ x + b)");
  const kinds = readSheet(text).entries.flatMap((one) =>
    one.kind === "input" ? [[one.name, one.input.kind]] : [],
  );
  expect(kinds).toEqual([
    ["W", "matrix"],
    ["x", "vector"],
    ["b", "vector"],
  ]);
  expect(text).toContain("p = torch.softmax(W @ x + b, dim=-1)\np[0].sum().backward()\n");
});

it("keeps every letter of what is not touched", () => {
  const text =
    "# mine\nimport torch\n\na  =  torch.tensor( .5 ,requires_grad=True )  # here\ny = torch.sin( a )\n\n# end\n";
  const next = write(text, "y = cos(a)", at(text, "y"));
  expect(next).toBe(text.replace("torch.sin( a )", "torch.cos(a)"));
  expect(write(text, "y = sin( a )", at(text, "y"))).toBe(text);
});

it("puts a further line before the closing one, which then is about it", () => {
  const text = write(SINE, "z = y ** 2");
  expect(text).toContain("y = torch.sin(a) * 2 + 1\nz = y ** 2\nz.sum().backward()\n");
});

it("lets a line take the place of the input of its name", () => {
  const text = write("", "y = b * 2");
  const next = write(text, "b = sin(a)");
  expect(next).toContain("a = torch.tensor(0.5, requires_grad=True)\nb = torch.sin(a)\ny = b * 2\n");
  expect(readSheet(next).entries.filter((one) => one.kind === "input")).toHaveLength(1);
  expect(next).toContain("\ny.sum().backward()\n");
});

it("moves a line before the one that needs it", () => {
  let text = write("", "y = sin(a)");
  text = write(text, "k = a + 1");
  const next = write(text, "y = sin(a) * k", at(text, "y"));
  expect(next.indexOf("k = a + 1")).toBeLessThan(next.indexOf("y = torch.sin(a) * k"));
});

it("refuses what goes in a circle, under the name", () => {
  let text = write("", "y = sin(a)");
  text = write(text, "k = y + 1");
  const made = writeLine(text, "y = sin(a) * k", functions, at(text, "y"));
  expect(made).toMatchObject({ mistake: { from: 13, message: expect.stringContaining("k needs y") } });
});

it("renames the closing line with its line", () => {
  expect(write(SINE, "loss = sin(a)", at(SINE, "y"))).toContain(
    "loss = torch.sin(a)\nloss.sum().backward()\n",
  );
});

it("closes nothing that has a backward of its own, or no gradient", () => {
  const own =
    "import torch\na = torch.tensor(1., requires_grad=True)\ny = a * 2\nfor i in range(2):\n    y.backward()\n";
  expect(close(own, "y")).toBe(own);
  const without = "import torch\na = torch.tensor(1.)\ny = a * 2\n";
  expect(close(without, "y")).toBe(without);
});

it("takes a line away, and makes the closing one about what is left", () => {
  const text = write(SINE, "z = y ** 2");
  expect(removeEntry(text, at(text, "z"))).toBe(SINE);
  expect(removeEntry(SINE, at(SINE, "y"))).toBe(
    "import torch\n\na = torch.tensor(0.5, requires_grad=True)\n",
  );
});

it("lets inputs go that were made on the way to another name, and no other", () => {
  const before = write("", "y = sin(fo)");
  const after = write(before, "y = sin(foot)", at(before, "y"));
  expect(withoutUnused(after, ["fo", "foot"])).toBe(write("", "y = sin(foot)"));
  expect(withoutUnused(after, [])).toBe(after);
});

it("shows lines without torch", () => {
  const sheet = readSheet(SINE);
  const line = sheet.entries.find((one) => one.kind === "line");
  expect(line?.kind === "line" && shownLine(sheet, line, functions)).toBe("y = sin(a) * 2 + 1");
});

it("says what is left to the code, together where it follows", () => {
  const text = `import torch
a = torch.tensor(1., requires_grad=True)
y = a * 2
for i in range(3):
    y = y + a

if a > 0:
    y = y * 2
y.backward()
x, z = 1, 2
print(y)
def f(x):
    return x
`;
  expect(leftOut(readSheet(text)).map((one) => one.text)).toEqual([
    "Lines 4–8 are a loop and a branch",
    "Line 10 is several names at once",
    "Lines 12–13 are a function",
  ]);
});

describe("numbers in the text", () => {
  it.each([
    ["torch.tensor(-0.5, requires_grad=True)", "number", [-0.5]],
    ["torch.tensor([1., 2, -3e-1])", "vector", [1, 2, -0.3]],
    ["torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)", "matrix", [1, 2, 3, 4]],
    ["torch.linspace(0., 2. * math.pi, steps=25)", "range", []],
    ["torch.randn(3, 2, generator=torch.Generator().manual_seed(7), requires_grad=True)", "random", []],
    ["2.", "number", [2]],
  ] as const)("%s", (value, kind, numbers) => {
    const entry = readSheet(`import torch\nq = ${value}\n`).entries[0];
    expect(entry?.kind).toBe("input");
    if (entry?.kind !== "input") return;
    expect(entry.input.kind).toBe(kind);
    expect(numbersOf(entry.input)).toEqual(numbers);
  });

  it("changes one number and nothing else", () => {
    const text = "import torch\nq = torch.tensor([1., 2.,  3.])  # q\n";
    const entry = readSheet(text).entries[0];
    if (entry?.kind !== "input" || entry.input.kind !== "vector") throw new Error();
    const next = splice(text, { at: entry.input.values[1] as never, insert: written(-2.5) });
    expect(next).toBe("import torch\nq = torch.tensor([1., -2.5,  3.])  # q\n");
  });

  it.each([
    "torch.tensor([[1.], [2., 3.]])",
    "torch.tensor(x)",
    "torch.zeros(3)",
    "torch.tensor([1, a])",
    "torch.randn(n)",
  ])("%s is a line like any other", (value) =>
    expect(readSheet(`import torch\nq = ${value}\n`).entries[0]?.kind).toBe("line"),
  );

  it("writes floats, so that they can have gradients", () => {
    expect([1, -0.25, 1e-9, 1e21, 0, -0, 0.1 + 0.2].map(written)).toEqual([
      "1.0",
      "-0.25",
      "1e-9",
      "1e21",
      "0.0",
      "0.0",
      "0.3",
    ]);
  });

  it("has steps and ranges that are round", () => {
    expect([stepOf(-5, 5), stepOf(0, 1), stepOf(-100, 100)]).toEqual([0.05, 0.005, 1]);
    expect([rangeOf(0.5), rangeOf(42)]).toEqual([
      { low: -5, high: 5 },
      { low: -100, high: 100 },
    ]);
    expect(rounded(0.30000000000000004, 0.05)).toBe(0.3);
  });

  it.each(["number", "vector", "range", "matrix", "random"] as const)(
    "a new %s is read back as one",
    (kind) => {
      const value = newInput(kind, kind === "matrix" ? [3, 2] : kind === "number" ? [] : [3]);
      const entry = readSheet(`import torch\nq = ${value}\n`).entries[0];
      expect(entry?.kind === "input" && entry.input.kind).toBe(kind);
      expect(new Set(firstNumbers(6)).size).toBeGreaterThan(4);
    },
  );

  it("changes the kind of an input", () => {
    const next = setInput(SINE, at(SINE, "a"), newInput("vector", [3], [0.5]));
    expect(next).toMatch(/a = torch\.tensor\(\[0\.5, .*\], requires_grad=True\)\ny/);
  });
});

describe("kinds", () => {
  const guess = (expression: string, free: string[], shapes: [string, number[]][] = []) =>
    Object.fromEntries(
      [...guessKinds(expression, free, new Map(shapes))].map(([name, one]) => [name, one.shape]),
    );
  it.each([
    ["torch.sin(a) * 2 + 1", ["a"], [], { a: [] }],
    ["W @ x + b", ["W", "x", "b"], [], { W: [3, 2], x: [2], b: [3] }],
    ["W @ x", ["W"], [["x", [5]]], { W: [3, 5] }],
    ["W @ x", ["x"], [["W", [4, 7]]], { x: [7] }],
    ["x @ W", ["W"], [["x", [5]]], { W: [5, 3] }],
    ["u @ v", ["u", "v"], [], { u: [3], v: [3] }],
    ["torch.softmax(z, dim=-1)", ["z"], [], { z: [3] }],
    ["torch.softmax(t * z, dim=-1)", ["t"], [["z", [4]]], { t: [] }],
    ["torch.det(A)", ["A"], [], { A: [2, 2] }],
    ["x[0] ** 2 + A[0, 1]", ["x", "A"], [], { x: [3], A: [3, 2] }],
    [
      "torch.nn.functional.mse_loss(W @ x, t)",
      ["t"],
      [
        ["W", [3, 2]],
        ["x", [2]],
      ],
      { t: [3] },
    ],
    [
      "torch.relu(W @ x + b) @ v",
      ["v"],
      [
        ["W", [3, 2]],
        ["x", [2]],
        ["b", [3]],
      ],
      { v: [3] },
    ],
  ] as const)("%s", (expression, free, shapes, expected) => {
    expect(
      guess(
        expression,
        [...free],
        shapes.map(([name, shape]) => [name, [...shape]]),
      ),
    ).toEqual(expected);
  });
});
