import { expect, it } from "vitest";
import { importsOf, ownerOf } from "./completion";

const names = { torch: [], "torch.nn": [], "torch.nn.functional": [], "torch.Tensor": [], data: [] };
const program = `
import torch, math
import torch.nn as nn
from torch.nn import functional as F, Linear
import matplotlib.pyplot as plt
    import numpy as np
`;

it("knows what the program's names stand for", () => {
  expect(Object.fromEntries(importsOf(program))).toEqual({
    torch: "torch",
    math: "math",
    nn: "torch.nn",
    F: "torch.nn.functional",
    Linear: "torch.nn.Linear",
    plt: "matplotlib.pyplot",
    np: "numpy",
  });
});

it("goes on with a module's names, and with a tensor's for everything else", () => {
  const imports = importsOf(program);
  const owner = (path: string) => ownerOf(path, imports, names);
  expect(owner("torch")).toBe("torch");
  expect(owner("torch.nn")).toBe("torch.nn");
  expect(owner("nn.functional")).toBe("torch.nn.functional");
  expect(owner("F")).toBe("torch.nn.functional");
  expect(owner("plt")).toBe("matplotlib.pyplot");
  expect(owner("x")).toBe("torch.Tensor");
  expect(owner("np")).toBe("");
  expect(owner("data")).toBe("torch.Tensor"); // a variable
  expect(ownerOf("data", importsOf("import data"), names)).toBe("data");
});
