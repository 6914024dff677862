import { beforeEach, describe, expect, it, vi } from "vitest";
import { chain, descent, longChain } from "../fixtures";
import { AutogradTimeline } from "./timeline";

if (!customElements.get("autograd-timeline")) customElements.define("autograd-timeline", AutogradTimeline);

describe("<autograd-timeline>", () => {
  let timeline: AutogradTimeline;
  let changes: (number | null)[];
  const button = (label: string) => timeline.querySelector<HTMLButtonElement>(`[aria-label="${label}"]`);
  const press = (label: string) => button(label)?.click();
  const range = () => timeline.querySelector("input") as HTMLInputElement;
  const key = (name: string) =>
    range().dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  const label = () => timeline.querySelector("output")?.textContent;

  beforeEach(() => {
    document.body.replaceChildren();
    timeline = document.createElement("autograd-timeline") as AutogradTimeline;
    document.body.append(timeline);
    changes = [];
    timeline.addEventListener("timechange", (event) =>
      changes.push((event as CustomEvent<{ time: number | null }>).detail.time),
    );
    timeline.recording = chain();
  });

  it("starts at the end of the run", () => {
    expect(timeline.time).toBeNull();
    expect(label()).toBe("end of 10 moments");
    expect([button("One moment on")?.disabled, button("One moment back")?.disabled]).toEqual([true, false]);
  });

  it("says where it is when it is told", () => {
    timeline.time = 7;
    expect(label()).toBe("backward 3 / 5: MulBackward0");
    timeline.time = 4;
    expect(label()).toBe("op 5 / 5: sum → out");
    expect(timeline.dataset.part).toBe("forward");
    expect(range().getAttribute("aria-valuetext")).toBe("op 5 / 5: sum → out");
    expect(changes).toEqual([]);
  });

  it("steps in both directions, through the backward pass into the operations", () => {
    timeline.time = 5;
    press("One moment on");
    press("One moment back");
    press("One moment back");
    press("To the beginning");
    press("One moment back");
    press("To the end");
    press("One moment back");
    expect(changes).toEqual([6, 5, 4, 0, null, 9]);
  });

  it("jumps between passes and updates, and says the iteration", () => {
    timeline.recording = descent(2);
    timeline.time = 0;
    key(">");
    key(">");
    expect(label()).toBe("SGD.step: w · 1/2");
    expect(timeline.dataset.part).toBe("step");
    key(">");
    key(">");
    key("<");
    key(".");
    key(",");
    expect(label()).toBe("op 8 / 12: mul → y · 2/2");
    expect(changes).toEqual([7, 14, 18, 23, 18, 19, 18]);
    key("<");
    key("<");
    key("<");
    key("<");
    expect(timeline.time).toBe(0);
    timeline.time = 30;
    key(">");
    expect(timeline.time).toBeNull();
  });

  it("plays from the beginning to the end, at the speed that is chosen", () => {
    let frame: FrameRequestCallback = () => {};
    vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => {
      frame = callback;
      return 1;
    });
    vi.stubGlobal("cancelAnimationFrame", () => {
      frame = () => {};
    });
    let now = performance.now();
    const pass = (ms: number) => {
      for (let left = ms; left > 0; left -= 50) {
        now += 50;
        frame(now);
      }
    };
    try {
      press("Play");
      expect(timeline.playing).toBe(true);
      expect(button("Pause")).not.toBeNull();
      pass(1000);
      expect(timeline.time).toBeGreaterThanOrEqual(4);
      expect(timeline.time).toBeLessThanOrEqual(5);
      press("Pause");
      expect(timeline.playing).toBe(false);
      const speed = timeline.querySelector("select") as HTMLSelectElement;
      speed.value = "20";
      speed.dispatchEvent(new Event("change"));
      timeline.time = 0;
      now = performance.now();
      press("Play");
      pass(300);
      expect(timeline.time).toBeGreaterThanOrEqual(5);
      pass(1000);
      expect([timeline.time, timeline.playing]).toEqual([null, false]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("stops playing when one goes elsewhere", () => {
    press("Play");
    press("One moment on");
    expect(timeline.playing).toBe(false);
  });

  it("offers to play a long run as a whole", () => {
    const speeds = () => [...timeline.querySelectorAll("option")].map((one) => one.value);
    const speed = () => timeline.querySelector("select")?.value;
    expect([speeds(), speed()]).toEqual([["2", "5", "20", "100"], "5"]);
    timeline.recording = longChain(1000);
    expect([speeds(), speed()]).toEqual([["2", "5", "20", "100", "whole"], "whole"]);
    timeline.recording = longChain(100);
    expect([speeds(), speed()]).toEqual([["2", "5", "20", "100"], "100"]);
  });

  it("keeps its place while the recording grows", () => {
    timeline.time = 6;
    const { nodes, ...rest } = chain();
    timeline.recording = {
      nodes: [...nodes, { ...nodes[1], id: 50, outputs: [] } as (typeof nodes)[number]],
      ...rest,
    };
    expect(timeline.time).toBe(6);
    expect(label()).toBe("backward 2 / 5: AddBackward0");
  });

  it("has nothing to move over when nothing was recorded", () => {
    timeline.recording = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };
    expect([range().disabled, button("Play")?.disabled, label()]).toEqual([true, true, ""]);
    press("One moment back");
    key(" ");
    expect([changes, timeline.playing]).toEqual([[], false]);
  });
});
