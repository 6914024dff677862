import { expect, it } from "vitest";
import { changesOf } from "./changes";

const apply = (text: string, changes: ReturnType<typeof changesOf>) =>
  [...changes]
    .reverse()
    .reduce((all, { from, to, insert }) => all.slice(0, from) + insert + all.slice(to), text);

it("are as few as that takes", () => {
  expect(changesOf("a\nb\nc\n", "a\nb\nc\n")).toEqual([]);
  expect(changesOf("y = torch.sin(x)\n", "y = torch.cos(x)\n")).toEqual([
    { from: 10, to: 13, insert: "cos" },
  ]);
  expect(changesOf("a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE\n")).toEqual([
    { from: 2, to: 3, insert: "B" },
    { from: 8, to: 9, insert: "E" },
  ]);
  expect(changesOf("a\nb\n", "a\nx\nb\n")).toEqual([{ from: 2, to: 2, insert: "x\n" }]);
});

it("make the one text of the other, whatever the texts", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const text = () =>
    Array.from(
      { length: random(9) },
      () => "ab\n".repeat(random(3)) + ["x", "y\n", "", "zz\n"][random(4)],
    ).join("");
  for (let i = 0; i < 500; i++) {
    const [a, b] = [text(), text()];
    const changes = changesOf(a, b);
    expect(apply(a, changes)).toBe(b);
    let last = -1;
    for (const { from, to } of changes) {
      expect(from).toBeGreaterThan(last);
      last = to;
    }
  }
  const long = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`);
  const other = [...long].reverse();
  expect(apply(long.join(""), changesOf(long.join(""), other.join("")))).toBe(other.join(""));
});
