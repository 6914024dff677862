import katex from "katex";
import { describe, expect, it } from "vitest";
import { FORMULAS, formulaOf, named, namesFor, rendered, texOf } from "./formulas";
import type * as wire from "./protocol.gen";

const node = (op: string, grad_fn = ""): wire.Node => ({ id: 0, kind: "op", op, grad_fn, outputs: [] });

describe("the table of formulas", () => {
  it("is set by KaTeX without an error or a warning, with letters and with names", () => {
    let count = 0;
    for (const [op, entries] of Object.entries(FORMULAS))
      for (const formula of entries) {
        const inputs = Array.from(formula.variadic ? "ab" : formula.letters, (_, k) => `x_${k}`);
        for (const names of [namesFor(formula, [], ""), namesFor(formula, inputs, "loss")])
          for (const text of [formula.forward, ...formula.derivatives])
            if (text) {
              const tex = named(text, names, formula.variadic, text === formula.forward ? -1 : 0);
              expect(tex, op).not.toContain("#");
              expect(
                () => katex.renderToString(tex, { throwOnError: true, strict: "error", displayMode: true }),
                `${op}: ${tex}`,
              ).not.toThrow();
              count++;
            }
      }
    expect(count).toBeGreaterThan(1000);
  }, 60_000);

  it("finds the record by the backward node, then by the number of inputs", () => {
    expect(formulaOf(node("aten::pow", "PowBackward0"), 1)?.forward).toBe("#y = #0^{n}");
    expect(formulaOf(node("aten::pow", "PowBackward1"), 2)?.forward).toBe("#y = #0^{#1}");
    expect(formulaOf(node("aten::pow"), 2)?.letters).toBe("ab");
    expect(formulaOf(node("aten::addmm", "AddmmBackward0"), 3)?.name).toBe("linear_addmm");
    expect(formulaOf(node("aten::addmm", "AddmmBackward0"), 3, "addmm")?.name).toBe("addmm");
    expect(formulaOf(node("aten::mul_", "MulBackward0"), 2)?.name).toBe("mul");
    expect(formulaOf(node("aten::nothing"), 1)).toBeUndefined();
  });
});

describe("names in formulas", () => {
  const mul = formulaOf(node("aten::mul", "MulBackward0"), 2);
  if (!mul) throw new Error("there is no formula for mul");

  it("are those of the program where they are short identifiers", () => {
    const names = namesFor(mul, ["w", "x_1"], "loss");
    expect(named(mul.forward, names)).toBe("{\\mathit{loss}} = {w} \\cdot {\\mathit{x\\_1}}");
    expect(named(mul.derivatives[0] ?? "", names)).toBe(
      "\\frac{\\partial {\\mathit{loss}}}{\\partial {w}} = {\\mathit{x\\_1}}",
    );
  });

  it("are letters where there is none, but none that means something else", () => {
    const called = (inputs: string[], output: string, taken = "") => {
      const { inputs: made, output: y } = namesFor(mul, inputs, output, new Set(taken));
      return [...made, y].join(" ");
    };
    expect(called(["w", ""], "")).toBe("{w} {b} {y}");
    expect(called(["w", ""], "c", "wbc")).toBe("{w} {u} {c}");
    expect(called(["a", "a"], "c")).toBe("{a} {a} {c}");
  });

  it("get a prime where a variable is given a new value", () => {
    const names = namesFor(mul, ["z", "x"], "z");
    expect(names.primed).toBe(true);
    expect(named(mul.derivatives[0] ?? "", names)).toBe("\\frac{\\partial {{z}'}}{\\partial {z}} = {x}");
    expect(rendered(named(mul.forward, names))).not.toContain("katex-error");
  });

  it("never let anything else in", () => {
    for (const bad of ["\\href{x}{y}", "<b>", "a b", "x$", "ü", "a".repeat(17), "x{", "%", "self['a']"])
      expect(texOf(bad)).toBeNull();
    expect(texOf("-0.5")).toBe("{(-0.5)}");
    expect(texOf("1e-5")).toBeNull();
    expect(texOf("e")).toBe("{\\mathtt{e}}");
    expect(texOf("layer1.weight")).toBe("{\\mathit{layer1.weight}}");
  });

  it("are set with MathML, and a wrong formula without an exception or markup", () => {
    expect(rendered("b = \\sin a")).toContain("<math");
    const bad = rendered("\\href{javascript:alert(1)}{<img src=x onerror=alert(1)>}");
    expect(bad).not.toContain("<img");
    expect(bad).not.toContain('href="javascript');
  });
});
