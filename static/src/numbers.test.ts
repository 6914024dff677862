import { describe, expect, it } from "vitest";
import {
  brief,
  formatCount,
  formatMicros,
  formatMillis,
  formatNumber,
  formatPercent,
  formatShape,
  fullNumber,
  nested,
  ordinal,
  plural,
} from "./numbers";

describe("formatNumber", () => {
  it.each([
    [0, "0."],
    [25, "25."],
    [-3, "-3."],
    [0.5, "0.5000"],
    [0.26179938, "0.2618"],
    [-1.3329999, "-1.333"],
    [1234.56, "1235"],
    [9999.4, "9999"],
    [9999.6, "1.000e+04"],
    [12345.6, "1.235e+04"],
    [-8.7423e-8, "-8.742e-08"],
    [0.00012, "0.0001200"],
    [1e-120, "1.000e-120"],
    ["nan", "nan"],
    ["inf", "inf"],
    ["-inf", "-inf"],
  ] as const)("writes %s as %s", (x, text) => {
    expect(formatNumber(x)).toBe(text);
  });

  it("keeps integers and booleans as they are", () => {
    expect(formatNumber(123456, "int64")).toBe("123456");
    expect(formatNumber(1, "bool")).toBe("True");
    expect(formatNumber(0, "bool")).toBe("False");
  });
});

it("fullNumber loses nothing", () => {
  expect(fullNumber(0.1 + 0.2)).toBe("0.30000000000000004");
  expect(fullNumber("nan")).toBe("nan");
});

it("formatShape writes a tuple as Python does", () => {
  expect([formatShape([]), formatShape([25]), formatShape([16, 100])]).toEqual(["()", "(25,)", "(16, 100)"]);
});

it("times carry the unit that fits", () => {
  expect(formatMicros(0.5)).toBe("0.500 µs");
  expect(formatMicros(204.5)).toBe("204.5 µs");
  expect(formatMicros(9034)).toBe("9.034 ms");
  expect(formatMicros(5_970_000)).toBe("5.970 s");
  expect(formatMicros(999.9999)).toBe("1.000 ms");
  expect(formatMillis(12.3)).toBe("12 ms");
  expect(formatMillis(1234)).toBe("1.2 s");
});

it("words for counts", () => {
  expect(formatPercent(1, 3)).toBe("33.33%");
  expect(formatPercent(1, 0)).toBe("0.00%");
  expect(formatCount(20000)).toBe("20,000");
  expect(plural(1, "operation")).toBe("1 operation");
  expect(plural(1412, "operation")).toBe("1,412 operations");
  expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal)).toEqual([
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "13th",
    "21st",
    "112th",
  ]);
});

describe("brief and nested", () => {
  it("shows one value, else the norm", () => {
    expect(brief({ numel: 1, data: [25] })).toBe("25.");
    expect(brief({ numel: 3, data: [1, 2, 2], norm: 3 })).toBe("‖3.‖");
    expect(brief({ numel: 0 })).toBe("empty");
  });

  it("nests rows and says where it was cut", () => {
    expect(nested({ numel: 4, data: [1, 2, 3, 4] }, [2, 2])).toBe("[[1., 2.],\n [3., 4.]]");
    expect(nested({ numel: 1, data: [7] }, [])).toBe("7.");
    expect(nested({ numel: 100, data: [1, 2] }, [100])).toBe("[1., 2., …]");
  });
});
