import { describe, expect, it } from "vitest";
import names from "../names.gen.json";
import { type Around, functionsOf, toCode, toShown } from "./translate";

const functions = functionsOf(names as never);
const around: Around = {
  functions,
  imports: new Map([["torch", "torch"]]),
  bound: new Set(["x", "W", "b", "a", "weight"]),
};
const withF: Around = {
  ...around,
  imports: new Map([...around.imports, ["F", "torch.nn.functional"], ["math", "math"]]),
};

function code(shown: string, known = around): string {
  const made = toCode(shown, known);
  if ("mistake" in made) throw new Error(made.mistake.message);
  return made.target ? `${made.target} = ${made.code}` : made.code;
}

function mistake(shown: string, known = around) {
  const made = toCode(shown, known);
  if (!("mistake" in made)) throw new Error(`understood as ${made.code}`);
  return made.mistake;
}

const BOTH: readonly (readonly [shown: string, code: string])[] = [
  ["y = sin(a) * 2 + 1", "y = torch.sin(a) * 2 + 1"],
  ["p = softmax(W @ x + b)", "p = torch.softmax(W @ x + b, dim=-1)"],
  ["p = softmax(W @ x, dim=0)", "p = torch.softmax(W @ x, dim=0)"],
  ["y = a ** 2", "y = a ** 2"],
  ["y = sqrt(abs(a)) / exp(-a)", "y = torch.sqrt(torch.abs(a)) / torch.exp(-a)"],
  ["y = 2 * pi * a", "y = 2 * torch.pi * a"],
  ["y = e ** a", "y = torch.e ** a"],
  ["y = mse_loss(W @ x, b)", "y = torch.nn.functional.mse_loss(W @ x, b)"],
  ["y = gelu(sin(a))", "y = torch.nn.functional.gelu(torch.sin(a))"],
  ["y = x.sum()", "y = x.sum()"],
  ["y = W.T @ b", "y = W.T @ b"],
  ["y = x[0] * W[1, 2]", "y = x[0] * W[1, 2]"],
  ["y = sum(x * x, dim=0)", "y = torch.sum(x * x, dim=0)"],
  ["y = cumsum(x)", "y = torch.cumsum(x, dim=-1)"],
  ["y = where(x > 0, x, a * x)", "y = torch.where(x > 0, x, a * x)"],
  ["y = 1. + 2. * a", "y = 1. + 2. * a"],
];

describe("both ways", () => {
  it.each(BOTH)("%s", (shown, expected) => {
    expect(code(shown)).toBe(expected);
    expect(`y = ${toShown(expected.split(" = ")[1] ?? "", around)}`.slice(4)).toBe(
      shown.split(" = ").slice(1).join(" = "),
    );
  });

  it("writes F where the program imports it so", () => {
    expect(code("y = gelu(a)", withF)).toBe("y = F.gelu(a)");
    expect(toShown("F.relu(a) + math.pi", withF)).toBe("relu(a) + pi");
  });

  it("leaves a function alone that the program defines itself", () => {
    const own = { ...around, bound: new Set([...around.bound, "sin"]) };
    expect(code("y = sin(a)", own)).toBe("y = sin(a)");
    expect(toShown("torch.sin(a) + sin(a)", own)).toBe("torch.sin(a) + sin(a)");
  });

  it("leaves alone what is no function of PyTorch", () => {
    expect(toShown("np.sin(a) + torch.Generator", around)).toBe("np.sin(a) + torch.Generator");
    expect(toShown("torch.special.erf(a)", around)).toBe("torch.special.erf(a)");
  });

  it("shows several lines as one", () => {
    expect(toShown("torch.sin(\n    a\n)", around)).toBe("sin( a )");
  });
});

it("reads what people write for powers and signs, and says so of ^", () => {
  expect(code("a^2 + x²")).toBe("a**2 + x**2");
  expect(code("2 × a − π")).toBe("2 * a - torch.pi");
  expect(code("2*a^2")).toBe("2*a**2");
  expect(toCode("a^2", around)).toMatchObject({ note: expect.stringContaining("**") });
  expect(code("ln(a)")).toBe("torch.log(a)");
});

it("names what has nothing given to it, each once, in order", () => {
  const made = toCode("y = k * x + c + k", around);
  expect(made).toMatchObject({
    free: [
      { name: "k", to: 5 },
      { name: "c", to: 13 },
    ],
    uses: ["x"],
  });
  expect(toCode("sum(x, dim=0)", around)).toMatchObject({ free: [] });
});

describe("mistakes stand under the character where they are", () => {
  it.each([
    ["y = sin(a", 7, "( is not closed"],
    ["y = a)", 5, "Nothing is open"],
    ["y = (a]", 6, ") was expected"],
    ["y = 2a", 5, "2 * a"],
    ["y = 2(a)", 5, "2 * "],
    ["y = a +", 6, "missing after +"],
    ["y = a * * b", 6, "missing after *"],
    ["y = a b", 6, "operator"],
    ["y = a $ b", 6, "$ has no meaning"],
    ["y = sni(a)", 4, "Did you mean sin?"],
    ["y = torch.sni(a)", 10, "Did you mean sin?"],
    ["y = sinn(a)", 4, "Did you mean sin?"],
    ["y = softmaks(a)", 4, "Did you mean softmax?"],
    ["y = wieght * 2", 4, "Did you mean weight?"],
    ["y = sin * 2", 4, "sin is a function"],
    ["q = q + 1", 4, "cannot need itself"],
    ["for i in x: pass", 0, "Only expressions"],
    ["y = a; z = b", 5, "One line"],
    ["", 0, "Write an expression"],
    ["a^2 + sni(x)", 6, "Did you mean sin?"],
    ["x² +", 3, "missing after +"],
  ] as const)("%s", (shown, from, words) => {
    const found = mistake(shown);
    expect(found.message).toContain(words);
    expect(found.from).toBe(from);
    expect(found.to).toBeGreaterThan(from);
  });
});
