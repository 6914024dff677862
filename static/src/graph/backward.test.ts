import { describe, expect, it } from "vitest";
import { Backward } from "./backward";
import { chain, longChain, type Recorded, tinyModel } from "./fixtures";
import { type GNode, GraphModel } from "./model";

function at(recorded: Recorded, step: number | null): { backward: Backward; model: GraphModel } {
  const model = new GraphModel();
  model.push(recorded);
  const backward = new Backward(model);
  backward.sync();
  backward.go(step);
  return { backward, model };
}

const named = (model: GraphModel, name: string) => model.nodes.find((node) => node.name === name) as GNode;

describe("Backward", () => {
  it("knows the gradients of the moment and no later ones", () => {
    const { backward, model } = at(chain(), -1);
    const known = () => model.nodes.filter((node) => backward.grad(node)).map((node) => node.name);
    expect(known()).toEqual([]);
    backward.go(0);
    expect(known()).toEqual(["out"]);
    backward.go(2);
    expect(known()).toEqual(["c", "d", "out"]);
    backward.go(4);
    expect(known()).toEqual(["a", "b", "c", "d", "out"]);
    backward.go(1);
    expect(known()).toEqual(["d", "out"]);
    backward.go(null);
    expect(known()).toEqual(["a", "b", "c", "d", "out"]);
  });

  it("gives the gradient that entered: 2 cos(a) for a after out.backward()", () => {
    const { backward, model } = at(chain(), null);
    expect(backward.grad(named(model, "c"))?.data?.[0]).toBe(1);
    expect(backward.grad(named(model, "b"))?.data?.[0]).toBe(2);
    expect(backward.grad(named(model, "a"))?.data?.[12]).toBeCloseTo(-2);
  });

  it("tells edges on the way, behind and ahead apart", () => {
    const { backward, model } = at(chain(), 2);
    const edge = (name: string) => backward.edge(named(model, name).ins[0] as GNode["ins"][number]);
    expect([edge("out"), edge("d"), edge("c"), edge("b")]).toEqual(["done", "done", "active", null]);
    backward.go(null);
    expect(edge("c")).toBeNull();
  });

  it("is at the same moment however it came there", () => {
    const recorded = longChain(60);
    const walked = at(recorded, -1);
    for (let k = 0; k < 80; k++) walked.backward.go(k);
    const jumped = at(recorded, 79);
    expect([...walked.backward.doneNodes].sort()).toEqual([...jumped.backward.doneNodes].sort());
    walked.backward.go(20);
    jumped.backward.go(20);
    expect([...walked.backward.doneNodes].sort()).toEqual([...jumped.backward.doneNodes].sort());
  });

  it("keeps calls apart: a new pass starts with no gradients but what leaves have accumulated", () => {
    const model = new GraphModel();
    const recorded = chain();
    const again = recorded.steps.map((step) => ({ ...step, index: step.index + 5, call: 1 }));
    const backward = new Backward(model);
    model.push({ ...recorded, steps: [...recorded.steps, ...again] });
    backward.sync();
    backward.go(5);
    expect(backward.grad(named(model, "out"))).not.toBeNull();
    expect(backward.grad(named(model, "d"))).toBeNull();
    expect(backward.grad(named(model, "a"))).not.toBeNull();
    expect([...backward.doneNodes]).toEqual([named(model, "out").id]);
  });

  it("takes in steps that arrive later", () => {
    const model = new GraphModel();
    const { steps, ...rest } = tinyModel();
    model.push({ ...rest, steps: [] });
    const backward = new Backward(model);
    backward.sync();
    expect(backward.grad(named(model, "loss"))).toBeNull();
    model.push({ nodes: [], edges: [], scopes: [], steps, omitted: 0 });
    backward.sync();
    expect(backward.grad(named(model, "loss"))?.data).toEqual([1]);
  });
});
