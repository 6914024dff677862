import { describe, expect, it } from "vitest";
import { findRuns, type Run } from "./fold";

const worth = ({ period, count }: Run) => period * count >= 6;
const runs = (text: string) =>
  findRuns(
    Int32Array.from(text, (letter) => letter.charCodeAt(0)),
    { worth },
  );

describe("findRuns", () => {
  it("finds the shortest period of the widest stretch", () => {
    expect(runs("abababab")).toEqual([{ start: 0, period: 2, count: 4 }]);
    expect(runs("aabaabaabaab")).toEqual([{ start: 0, period: 3, count: 4 }]);
    expect(runs("aaaaaaa")).toEqual([{ start: 0, period: 1, count: 7 }]);
  });

  it("leaves out what comes before and after, and the part of a repetition at the end", () => {
    expect(runs("xyzababababaz")).toEqual([{ start: 3, period: 2, count: 4 }]);
  });

  it("finds several runs, in order", () => {
    expect(runs("cdcdcdcdqabcabcabc")).toEqual([
      { start: 0, period: 2, count: 4 },
      { start: 9, period: 3, count: 3 },
    ]);
  });

  it("prefers the loop outside to the loops inside it", () => {
    expect(runs("aaab".repeat(5))).toEqual([{ start: 0, period: 4, count: 5 }]);
  });

  it("finds nothing where nothing repeats, or not often enough", () => {
    expect(runs("abcdefghij")).toEqual([]);
    expect(runs("abcabc")).toEqual([]);
    expect(runs("")).toEqual([]);
  });

  it("gives only true repetitions that never overlap, whatever the sequence", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      const tokens = Int32Array.from({ length: 40 }, () => random(2 + (round % 3)));
      let end = 0;
      for (const { start, period, count } of findRuns(tokens, { worth })) {
        expect(start).toBeGreaterThanOrEqual(end);
        end = start + period * count;
        expect(end).toBeLessThanOrEqual(tokens.length);
        for (let i = start + period; i < end; i++) expect(tokens[i]).toBe(tokens[i - period]);
      }
    }
  });
});
