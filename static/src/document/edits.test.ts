/**
 * Every kind of edit on every program. What comes out is recorded in edits.gen.json (`vitest run -u` renews it), and
 * tests/playground/parsing/test_edits.py reads it back: as Python, as blocks, and by running it.
 */
import { expect, it } from "vitest";
import file from "../palette.gen.json";
import type { Document } from "../protocol.gen";
import { Draft } from "./draft";
import { apply, asPalette, type Entry, Model } from "./index";
import programs from "./programs.gen.json";
import { samples } from "./samples";

interface Program {
  readonly name: string;
  readonly code: string;
  readonly document: Document;
}

const palette = asPalette(file.entries as unknown as Entry[]);
const all = (programs as unknown as Program[]).filter(({ document }) => !document.problem);

/** What changed, as one replacement: all that is before and behind it stays. */
function difference(before: string, after: string): [start: number, end: number, text: string] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end))
    end++;
  return [start, before.length - end, after.slice(start, after.length - end)];
}

it("has programs enough", () => {
  expect(all.length).toBeGreaterThanOrEqual(100);
});

it.each(all)("writes $name as it is when nothing is edited", ({ code, document }) => {
  expect(new Draft(new Model(code, document)).render()).toBe(code);
});

it("edits every program as recorded", async () => {
  const lines = all.flatMap(({ name, code, document }) =>
    samples(name, code, document, palette).map(({ what, edit }) => {
      const result = apply(code, document, edit, palette);
      const outcome =
        "refusal" in result
          ? { refusal: result.refusal }
          : { change: difference(code, result.text), select: result.select, keys: result.keys };
      return JSON.stringify({ program: name, what, edit, ...outcome });
    }),
  );
  await expect(`[\n${lines.join(",\n")}\n]\n`).toMatchFileSnapshot("edits.gen.json");
}, 60_000);

it("says why it does not in a sentence", () => {
  const words = all.flatMap(({ name, code, document }) =>
    samples(name, code, document, palette, 3).flatMap(({ edit }) => {
      const result = apply(code, document, edit, palette);
      return "refusal" in result ? [result.refusal] : [];
    }),
  );
  expect(words.length).toBeGreaterThan(50);
  for (const one of words) expect(one).toMatch(/^\S+ .*[^ ]\.$/s);
}, 60_000);
