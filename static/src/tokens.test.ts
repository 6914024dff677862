/** How far apart the colours are: for reading (WCAG 2.2), and for eyes that lack one kind of cone. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Rgb = readonly [number, number, number];
type Tokens = Readonly<Record<string, string>>;

const css = readFileSync("static/src/tokens.css", "utf8");

function block(selector: string): string {
  const from = css.indexOf(`${selector} {`);
  return css.slice(from, css.indexOf("}\n", from));
}

/** The colours a block gives for light (0) or dark (1). */
function colours(selector: string, side: 0 | 1): Tokens {
  const pairs = block(selector).matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
  return Object.fromEntries([...pairs].map(([, name, light, dark]) => [name, side ? dark : light]));
}

const THEMES: readonly (readonly [string, Tokens, boolean])[] = ([0, 1] as const).flatMap((side) => {
  const plain = colours(":root", side);
  const name = side ? "dark" : "light";
  const strong = { ...plain, ...colours(':root[data-contrast="more"]', side) };
  return [
    [name, plain, false],
    [`${name}, high contrast`, strong, true],
  ] as const;
});

/** Linear light from 0 to 1. */
function linear(hex: string): Rgb {
  const part = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

/** WCAG 2.2: relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [red, green, blue] = linear(hex);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency (2009), severity 1. */
const EYES: Readonly<Record<string, readonly Rgb[]>> = {
  trichromat: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanope: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranope: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanope: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Ottosson's OKLab, of linear light. */
function oklab([red, green, blue]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** The distance of two colours in OKLab, times 100, as these eyes see them; 2 is just noticeable side by side. */
function distance(a: string, b: string, eye: readonly Rgb[]): number {
  const seen = (hex: string) => {
    const light = linear(hex);
    const [red = 0, green = 0, blue = 0] = eye.map((row) => {
      const sum = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
      return Math.min(1, Math.max(0, sum));
    });
    return oklab([red, green, blue]);
  };
  const [x, y] = [seen(a), seen(b)];
  return 100 * Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

const GROUNDS = ["bg", "sunken", "surface"];
/** What is written, and on what: in the page, and in the diagram, which no checker of pages can see into. */
const TEXT: readonly (readonly [string, readonly string[]])[] = [
  ["ink", [...GROUNDS, "hover", "selected", "value-soft", "grad-soft", "cut-soft", "error-soft"]],
  ["muted", [...GROUNDS, "hover", "selected", "cut-soft", "error-soft"]],
  ["faint", [...GROUNDS, "hover", "cut-soft", "error-soft"]],
  ["value", [...GROUNDS, "hover", "selected", "value-soft"]],
  ["grad", [...GROUNDS, "hover", "selected", "grad-soft"]],
  ["cut", [...GROUNDS, "cut-soft"]],
  ["error", [...GROUNDS, "hover", "selected", "error-soft"]],
  ["on-ink", ["ink"]],
  ["code-keyword", ["surface", "hover", "selected"]],
  ["code-string", ["surface", "hover", "selected"]],
  ["code-number", ["surface", "hover", "selected"]],
  ["code-comment", ["surface", "hover", "selected"]],
];
const LINES = ["value-line", "grad-line", "value", "grad", "cut", "error", "outline", "ink"];

describe.each(THEMES)("%s", (_name, tokens, strong) => {
  const of = (name: string) => tokens[name] ?? `no colour --${name}`;

  it.each(TEXT)("--%s can be read", (text, grounds) => {
    for (const ground of grounds) {
      const ratio = contrast(of(text), of(ground));
      expect(ratio, `--${text} on --${ground}`).toBeGreaterThanOrEqual(strong ? 7 : 4.5);
    }
  });

  it("lines that mean something can be seen", () => {
    for (const line of LINES) {
      for (const ground of GROUNDS) {
        const ratio = contrast(of(line), of(ground));
        expect(ratio, `--${line} on --${ground}`).toBeGreaterThanOrEqual(strong ? 4.5 : 3);
      }
    }
    if (strong) expect(contrast(of("hairline"), of("surface"))).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(EYES))("a %s tells kinds apart", (_eye, matrix) => {
    const apart = (a: string, b: string, least: number) =>
      expect(distance(of(a), of(b), matrix), `--${a} and --${b}`).toBeGreaterThanOrEqual(least);
    apart("value", "grad", strong ? 13 : 20);
    apart("value-line", "grad-line", 14);
    apart("value-line", "cut", 7);
    apart("grad-line", "cut", 10);
    // Signs of numbers, from a third of the largest on.
    apart("div-n3", "div-p3", 12);
    apart("div-n2", "div-p2", 12);
    apart("div-n1", "div-p1", 7);
    apart("div-n1", "div-0", 8);
    apart("div-p1", "div-0", 8);
    // Classes of data have shapes, too.
    const classes = ["div-n3", "div-p3", "class-2", "class-3", "class-4", "class-5"];
    for (const [i, one] of classes.entries()) for (const other of classes.slice(i + 1)) apart(one, other, 7);
  });
});

it("every colour has a light and a dark side, in high contrast too", () => {
  const names = Object.keys(colours(":root", 0));
  expect(names.length).toBeGreaterThan(30);
  expect(Object.keys(colours(":root", 1))).toEqual(names);
  for (const name of Object.keys(colours(':root[data-contrast="more"]', 0))) expect(names).toContain(name);
});
