/** What edits write, in full. */
import { expect, it } from "vitest";
import file from "../palette.gen.json";
import type { Document } from "../protocol.gen";
import { apply, asPalette, copied, type Edit, type Entry } from "./index";
import programs from "./programs.gen.json";

const palette = asPalette(file.entries as unknown as Entry[]);
const all = programs as unknown as { name: string; code: string; document: Document }[];

function program(name: string) {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`no program ${name}`);
  const { code, document } = found;
  const id = (key: string): number => {
    const block = document.blocks.find((one) => one.key === key);
    if (!block) throw new Error(`no ${key} in ${document.blocks.map((one) => one.key)}`);
    return block.id;
  };
  const edited = (edit: Edit): string => {
    const result = apply(code, document, edit, palette);
    return "refusal" in result ? `refused: ${result.refusal}` : result.text;
  };
  return { code, document, id, edited };
}

const order = program("out of order");
const parts = program("parts to train");
const trained = program("parts that are trained");

it("moves what must come first, with its comment, and what does not stays", () => {
  const { id, edited, code } = order;
  expect(edited({ kind: "connect", from: [id("d"), 0], to: { block: id("b"), argument: "input" } })).toBe(
    "import torch\na = torch.ones(2)\n# second\nc = torch.cos(a)\nd = torch.exp(c)  # grows\n# first\nb = torch.sin(d)\nprint(b)\n",
  );
  expect(code.split("\n").sort()).toHaveLength(9);
});

it("refuses a circle in plain words", () => {
  const { id, edited } = order;
  expect(edited({ kind: "connect", from: [id("d"), 0], to: { block: id("c"), argument: "input" } })).toBe(
    "refused: That would be a circle: exp (d) already depends on cos (c), so it cannot be an input of it.",
  );
  expect(edited({ kind: "connect", from: [id("c"), 0], to: { block: id("c"), argument: "input" } })).toBe(
    "refused: cos (c) cannot be its own input.",
  );
});

it("writes the training loop around a loss", () => {
  const { id, edited } = parts;
  const text = edited({
    kind: "connect",
    from: [id("criterion"), 0],
    to: { block: id("optimizer"), argument: "loss" },
  });
  expect(text.slice(text.indexOf("criterion"))).toBe(`criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam([*linear.parameters(), *out.parameters()], lr=0.01)

for step in range(200):
    optimizer.zero_grad()
    h = torch.relu(linear(X))
    # the score
    score = out(h).squeeze(1)
    loss = criterion(score, y.float())
    loss.backward()
    optimizer.step()

print(loss)
`);
});

it("makes a class of what is selected, and its optimizer is the module's", () => {
  const { id, edited } = trained;
  const text = edited({
    kind: "group",
    blocks: [id("linear"), id("tanh"), id("out")],
    name: "Net",
  });
  expect(text).toContain(`class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 8)
        self.tanh = nn.Tanh()
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        h = self.tanh(self.linear(x))
        return self.out(h)
`);
  expect(text).toContain("optimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n");
  expect(text).toContain("print(net.linear.weight[0])\n");
});

// Run in PyTorch and here by tests/programs/oracle.py.
it.each([
  ["edited_grouped", trained, { kind: "group", blocks: ["linear", "tanh", "out"], name: "Net" }],
  ["edited_trained", parts, { kind: "train", optimizer: "optimizer", loss: "criterion", steps: "20" }],
  ["edited_ungrouped", program("grouped and trained"), { kind: "ungroup", block: "net" }],
] as const)("writes the program %s, which PyTorch runs", async (name, { id, edited }, edit) => {
  const by = (value: unknown): unknown =>
    Array.isArray(value) ? value.map((one) => id(one as string)) : value;
  const ids = Object.fromEntries(
    Object.entries(edit).map(([key, value]) => [
      key,
      ["optimizer", "loss", "block"].includes(key) ? id(value as string) : by(value),
    ]),
  );
  const what = `# Written by an edit of the blocks: ${edit.kind}.\n`;
  await expect(what + edited(ids as unknown as Edit)).toMatchFileSnapshot(
    `../../../tests/programs/cases/${name}.py`,
  );
});

it("keeps tabs and Windows' line ends where it writes", () => {
  const { id, edited, code } = program("tabs and windows lines");
  const text = edited({
    kind: "add",
    type: "nn.Tanh",
    parent: id("Net"),
    wires: { input: [id("Net.fc"), 0] },
  });
  expect(text).toContain("\t\tself.fc = nn.Linear(2, 1)\r\n\t\tself.tanh = nn.Tanh()\r\n");
  expect(text).toContain("\t\th = self.fc(x)\r\n\t\th_2 = self.tanh(h)\r\n\t\treturn h\r\n");
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  expect(text.startsWith(code.slice(0, code.indexOf("\tdef")))).toBe(true);
});

it("pastes blocks of one program into another, with what they import", () => {
  const fragment = copied(trained.code, trained.document, [trained.id("linear"), trained.id("tanh")]);
  if ("refusal" in fragment) throw new Error(fragment.refusal);
  expect(JSON.parse(JSON.stringify(fragment))).toEqual(fragment);
  expect(order.edited({ kind: "paste", fragment })).toBe(
    `${order.code}linear = nn.Linear(1, 8)\ntanh = nn.Tanh()\nh = tanh(linear(...))\n`.replace(
      "import torch\n",
      "import torch\nfrom torch import nn\n",
    ),
  );
});

it("leaves what a removed block fed open, and refuses where only code uses it", () => {
  const { id, edited } = order;
  expect(edited({ kind: "remove", blocks: [id("c")] })).toBe(
    "import torch\na = torch.ones(2)\n# first\nb = torch.sin(a)\nprint(b)\nd = torch.exp(...)  # grows\n",
  );
});

it("changes what a loop over batches goes over, and keeps the loop while its names are used", () => {
  const { id, edited, code } = program("batches");
  const over = { block: id("train#2"), argument: "over" } as const;
  expect(edited({ kind: "set", ...over, value: "X.split(2)" })).toBe(
    code.replace("in X.split(4):", "in X.split(2):"),
  );
  expect(edited({ kind: "steps", block: id("train"), steps: "7" })).toBe(
    code.replace("range(2)", "range(7)"),
  );
  expect(edited({ kind: "ungroup", block: id("train#2") })).toBe(
    "refused: “batch” is used in line 9, and only the loop gives it a value; change that line first.",
  );
});

it("keeps a class that stays code while code calls it, and takes both out together", () => {
  const { id, edited } = program("a module with a branch");
  const [owner, calls] = [id("class Net(nn.Module):"), id("net = Net()")];
  expect(edited({ kind: "remove", blocks: [owner] })).toBe(
    "refused: “Net” is called in line 13, which is code that blocks do not show; change that line first, or remove that block too.",
  );
  expect(edited({ kind: "remove", blocks: [owner, calls] })).toBe("import torch\nfrom torch import nn\n");
});

it.each([
  ["class", "“class” is a word of Python's own; choose another name."],
  ["torch", "“torch” is already the name of an import (torch); choose another name."],
  ["print", "“print” is a function of Python's own; choose another name."],
  ["d", "There is already something called “d”; choose another name."],
  ["2x", "“2x” cannot be a name: letters, digits and _ are allowed, and a digit cannot come first."],
  ["", "A name is needed."],
])("refuses the name %j", (name, words) => {
  const { id, edited } = order;
  expect(edited({ kind: "rename", block: id("c"), name })).toBe(`refused: ${words}`);
});
