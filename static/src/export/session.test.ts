import { beforeAll, describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";

let readSession: typeof import("./session").readSession;
let graphOnly: typeof import("./session").graphOnly;

beforeAll(async () => {
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
  ({ readSession, graphOnly } = await import("./session"));
});

const file = (text: string) => new Blob([text]);

describe("a file", () => {
  it("gives its session, as it was saved, as a link gives it, or bare", async () => {
    const content = { code: "x = 1" };
    expect(await readSession(file(JSON.stringify({ playground: 1, content })))).toEqual(content);
    expect(await readSession(file(JSON.stringify({ id: "a", parent: "", content })))).toEqual(content);
    expect(await readSession(file(JSON.stringify(content)))).toEqual(content);
  });

  it("gives the session of a page", async () => {
    const page = `\n<!doctype html><html><script type="application/json" id="session">{"playground":1,"content":{"code":"\\u003c/script>"}}</script><script>x</script>`;
    await expect(readSession(file(page.replace("/script>", "/script\\u003e")))).resolves.toEqual({
      code: "</script>",
    });
  });

  it.each([
    ["", "no file of the playground"],
    ["[1, 2]", "no file of the playground"],
    ["null", "no file of the playground"],
    ['{"playground": "1", "content": {}}', "no file of the playground"],
    ['{"content": 3}', "no file of the playground"],
    ['{"playground": 2, "content": {}}', "newer version"],
    ["<p>Hello", "no session inside"],
    ['<script type="application/json" id="session">{"play', "is damaged"],
  ])("of %j is refused in a sentence", async (text, said) => {
    await expect(readSession(file(text))).rejects.toThrow(said);
  });

  it("that is no text is refused", async () => {
    await expect(readSession(new Blob([new Uint8Array([0xff, 0xfe, 0x00])]))).rejects.toThrow(
      "no file of the",
    );
  });
});

describe("what is sent to be written as a graph", () => {
  it("has the graph alone, without long lists of numbers", () => {
    const values: wire.Values = { numel: 9, data: [1, 2, 3, 4, 5, 6, 7, 8, 9], norm: 2 };
    const few: wire.Values = { numel: 1, data: [1] };
    const graph = {
      type: "graph",
      run: "r",
      seq: 1,
      nodes: [
        { id: 0, kind: "op", op: "aten::sin", outputs: [{ shape: [9], dtype: "float32", value: values }] },
      ],
      edges: [],
      scopes: [],
      steps: [
        {
          index: 0,
          call: 0,
          node: 0,
          name: "S",
          entering: [null, few],
          accumulated: values,
          leaving: [{ target: 0, grad: few }],
        },
      ],
      clears: [],
      omitted: 0,
    } as unknown as wire.Graph;
    const output = {
      type: "output",
      run: "r",
      seq: 2,
      cell: 0,
      stream: "stdout",
      text: "secret",
    } as wire.Output;
    const made = graphOnly({ code: "secret", title: "t", events: [graph, output] });
    expect(JSON.stringify(made)).not.toContain("secret");
    const [only] = made.events as wire.Graph[];
    expect(only?.nodes[0]?.outputs[0]?.value).toEqual({ numel: 9, data: [], norm: 2 });
    expect(only?.steps[0]).toEqual({
      index: 0,
      call: 0,
      node: 0,
      name: "S",
      entering: [null, few],
      accumulated: { numel: 9, data: [], norm: 2 },
    });
  });
});
