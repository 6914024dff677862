import { describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { chart, ticks } from "./chart";

const figure = (data: wire.Trace[], layout: wire.Layout = {}): wire.PlotlyFigure => ({ data, layout });

describe("a plot without Plotly", () => {
  it("puts round numbers on its axes", () => {
    expect(ticks({ lo: 0, hi: 10, log: false }, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks({ lo: -0.13, hi: 0.61, log: false }, 4).map((v) => Number(v.toFixed(3)))).toEqual([
      0, 0.2, 0.4, 0.6,
    ]);
    expect(ticks({ lo: -3.2, hi: 1.1, log: true }, 9)).toEqual([-3, -2, -1, 0, 1]);
    expect(ticks({ lo: 0, hi: 1e9, log: false }, 1e6).length).toBeLessThanOrEqual(20);
  });

  it("draws a line with a gap where a value is missing, and a mark for each point", () => {
    const made = chart(
      figure([
        {
          type: "scatter",
          mode: "lines+markers",
          x: [0, 1, 2, 3],
          y: [1, null as unknown as number, 2, 3],
          name: "a",
        },
      ]),
      640,
      280,
    );
    const [line, marks] = made?.marks ?? [];
    expect(line?.d.match(/M/g)).toHaveLength(2);
    expect(marks?.d.match(/M/g)).toHaveLength(3);
    expect(made?.legend).toEqual([{ name: "a", color: 0 }]);
  });

  it("keeps what it draws inside its box", () => {
    const made = chart(figure([{ type: "bar", x: [1, 2, 3], y: [5, -2, 9] }]), 640, 280);
    const numbers = (made?.marks[0]?.d ?? "").split(/[MHVh ]/).map(Number);
    expect(made?.marks[0]?.d.match(/z/g)).toHaveLength(3);
    expect(numbers.every((v) => !(v > 640))).toBe(true);
    expect(Number(/^M(-?[\d.]+)/.exec(made?.marks[0]?.d ?? "")?.[1])).toBeGreaterThan(48);
    expect(made?.marks[0]?.d).not.toContain("NaN");
  });

  it("draws plots beside each other, and logarithmic axes", () => {
    const made = chart(
      figure(
        [
          { type: "scatter", y: [1, 10, 100] },
          { type: "scatter", y: [3, 2, 1], xaxis: "x2", yaxis: "y2" },
        ],
        { xaxis: { domain: [0, 0.4] }, xaxis2: { domain: [0.6, 1] }, yaxis: { type: "log" }, yaxis2: {} },
      ),
      640,
      280,
    );
    expect(made?.words.map((word) => word.text)).toEqual(expect.arrayContaining(["1e0", "1e1", "1e2"]));
    const first = (d: string | undefined) => Number(/^M([\d.]+)/.exec(d ?? "")?.[1]);
    expect(first(made?.marks[0]?.d)).toBeLessThan(256);
    expect(first(made?.marks[1]?.d)).toBeGreaterThan(384);
  });

  it.each([
    [{ type: "heatmap", z: [[1]] }],
    [{ type: "histogram", x: [1, 2] }],
    [{ type: "bar", x: ["a", "b"], y: [1, 2] }],
    [{ type: "scatter", y: [] }],
  ] as [wire.Trace][])("leaves %j to Plotly", (trace) => expect(chart(figure([trace]), 640, 280)).toBeNull());
});
