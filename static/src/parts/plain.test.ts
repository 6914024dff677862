import { describe, expect, it } from "vitest";
import { plain } from "./plain";

describe("plain", () => {
  it("escapes tags and entities wherever a string is", () => {
    const figure = {
      data: [{ name: '<a href="https://example.org">x</a>', x: ["<b>", 1], y: [1, 2] }],
      layout: { title: { text: "a < b & c" } },
    };
    expect(plain(figure)).toEqual({
      data: [{ name: '&lt;a href="https://example.org">x&lt;/a>', x: ["&lt;b>", 1], y: [1, 2] }],
      layout: { title: { text: "a &lt; b &amp; c" } },
    });
  });

  it("leaves numbers, arrays of numbers and nothing as they are", () => {
    const numbers = [1, 2, 3];
    expect(plain(numbers)).toBe(numbers);
    expect(plain(undefined)).toBeUndefined();
    expect(plain(null)).toBeNull();
  });
});
