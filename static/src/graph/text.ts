/** How wide words are drawn, so that boxes fit them. */

export type Font = "name" | "title" | "word" | "small" | "number" | "note" | "tag";

/** Size in px, weight and family of each kind of text. */
export const FONTS: Record<Font, { size: number; weight: number; family: "sans" | "mono" }> = {
  name: { size: 13, weight: 600, family: "mono" },
  title: { size: 13, weight: 600, family: "sans" },
  word: { size: 12, weight: 400, family: "sans" },
  small: { size: 11, weight: 400, family: "mono" },
  number: { size: 11, weight: 500, family: "mono" },
  note: { size: 11, weight: 400, family: "sans" },
  tag: { size: 10, weight: 500, family: "sans" },
};

export interface Families {
  sans: string;
  mono: string;
}

export function cssFont(font: Font, families: Families): string {
  const { size, weight, family } = FONTS[font];
  return `${weight} ${size}px ${families[family]}`;
}

export type Measure = (text: string, font: Font) => number;

/** Without a canvas: the average advance of the page's two typefaces. */
export const estimate: Measure = (text, font) =>
  text.length * FONTS[font].size * (FONTS[font].family === "mono" ? 0.6 : 0.56);

/** Measures with the browser's own shaping and remembers every word. */
export function measurer(families: Families): Measure {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return estimate;
  const known = new Map<string, number>();
  return (text, font) => {
    const key = `${font}|${text}`;
    let width = known.get(key);
    if (width === undefined) {
      context.font = cssFont(font, families);
      width = context.measureText(text).width;
      if (known.size > 20_000) known.clear();
      known.set(key, width);
    }
    return width;
  };
}

/** At most `most` characters; the middle goes first, since both ends of `encoder.layers.3.weight` matter. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** Two words on one line in so much room: the second gives way first, and goes when little of it would be left. */
export function fitPair(
  [first, firstFont]: readonly [string, Font],
  [second, secondFont]: readonly [string, Font],
  gap: number,
  room: number,
  measure: Measure,
): [string, string] {
  const letter = (font: Font) => measure("n", font);
  const left = first ? room - measure(first, firstFont) - gap : room;
  if (measure(second, secondFont) <= left) return [first, second];
  const most = Math.floor(left / letter(secondFont));
  if (first && most < 5) {
    return [shorten(first, Math.max(1, Math.floor(room / letter(firstFont)))), ""];
  }
  return [first, shorten(second, Math.max(1, most))];
}
