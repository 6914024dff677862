import { beforeEach, describe, expect, it } from "vitest";
import { chain } from "../fixtures";
import { AutogradTimeline } from "./timeline";

if (!customElements.get("autograd-timeline")) customElements.define("autograd-timeline", AutogradTimeline);

interface Change {
  step: number | null;
  node: number | null;
}

describe("<autograd-timeline>", () => {
  let timeline: AutogradTimeline;
  let changes: Change[];
  const press = (label: string) =>
    timeline.querySelector<HTMLButtonElement>(`[aria-label="${label}"]`)?.click();
  const label = () => timeline.querySelector("output")?.textContent;

  beforeEach(() => {
    document.body.replaceChildren();
    timeline = document.createElement("autograd-timeline") as AutogradTimeline;
    document.body.append(timeline);
    changes = [];
    timeline.addEventListener("stepchange", (event) => changes.push((event as CustomEvent<Change>).detail));
    timeline.recording = chain();
  });

  it("starts at the end of the run", () => {
    expect(timeline.step).toBeNull();
    expect(label()).toBe("end · 5 steps");
  });

  it("says where it is when it is told", () => {
    timeline.step = 2;
    expect(label()).toBe("step 3 / 5: MulBackward0");
    timeline.step = -1;
    expect(label()).toBe("op 4 / 4: sum → out");
    expect(changes).toEqual([]);
  });

  it("steps in both directions, through the backward pass into the operations", () => {
    timeline.step = 0;
    press("One step on");
    press("One step back");
    press("One step back");
    press("To the beginning");
    press("To the end");
    expect(changes).toEqual([
      { step: 1, node: 3 },
      { step: 0, node: 4 },
      { step: -1, node: 4 },
      { step: -1, node: null },
      { step: null, node: null },
    ]);
  });

  it("keeps its place while the recording grows", () => {
    timeline.step = 1;
    const { nodes, steps, ...rest } = chain();
    const more = { ...nodes[1], id: 50, outputs: [] } as (typeof nodes)[number];
    timeline.recording = { nodes: [...nodes, more], steps, ...rest };
    expect(timeline.step).toBe(1);
    expect(label()).toBe("step 2 / 5: AddBackward0");
  });

  it("has nothing to move over when nothing was recorded", () => {
    timeline.recording = { nodes: [], steps: [] };
    expect(timeline.querySelector("input")?.disabled).toBe(true);
    press("One step back");
    expect(changes).toEqual([]);
  });
});
