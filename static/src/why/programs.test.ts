/** Every explanation has a program, and a twin that is right; both were run by the worker (`scripts/gen_why.py`). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import type { Recording } from "../run";
import { type Answer, endOf, whys } from "./index";
import { TABLE } from "./table";
import { opOf } from "./words";

interface Ran {
  code: string;
  graph: Omit<Recording, "omitted">;
  errors: wire.Error[];
}

interface Case {
  name: string;
  ask: string;
  kind: string;
  line: number;
  says: string[];
  fix: string;
  bad: Ran;
  good: Ran;
}

const CASES = JSON.parse(readFileSync("static/src/why/programs.gen.json", "utf-8")) as Case[];

function recording(ran: Ran): Recording {
  return { ...ran.graph, omitted: 0 };
}

function find(graph: Recording, ask: string): wire.Node {
  const found = graph.nodes.findLast((node) =>
    (ask === "failed" && node.failed) || (ask.startsWith("op:") && opOf(node) === ask.slice(3))
      ? true
      : node.outputs.some((output) => output.name === ask),
  );
  if (!found) throw new Error(`no ${ask}`);
  return found;
}

function words({ sentence, detail }: Answer): string {
  return `${sentence} ${detail}`;
}

describe.each(CASES)("$name", ({ ask, kind, line, says, fix, bad, good }) => {
  const graph = recording(bad);
  const node = find(graph, ask);
  const answers = whys(graph, node.id);
  const found = answers.find((one) => one.kind === kind);

  it("is explained", () => {
    expect(answers.map((one) => `${one.kind}: ${words(one)}`).join("\n")).toContain(`${kind}: `);
    for (const part of says) expect(found && words(found)).toContain(part);
    if (fix) expect(`${found?.fix?.text} ${found?.fix?.code}`).toContain(fix);
    if (line) expect(found?.lines[0]).toBe(line);
  });

  it("lights a path through the graph", () => {
    const ids = new Set(graph.nodes.map((one) => one.id));
    const edges = new Set(graph.edges.map((edge) => `${edge.source}>${edge.target}`));
    for (const answer of answers) {
      for (const id of answer.path.nodes) expect(ids).toContain(id);
      for (const [source, target] of answer.path.edges) expect(edges).toContain(`${source}>${target}`);
    }
  });

  it("finds nothing wrong with the twin", () => {
    const other = recording(good);
    const said = whys(other, find(other, ask).id);
    expect(said.filter((one) => one.tone === "cause" || one.kind === kind).map(words)).toEqual([]);
  });

  it("can be asked at every moment of the run", () => {
    const end = endOf(graph);
    for (let steps = 0; steps <= end.steps; steps++) {
      for (const one of graph.nodes) whys(graph, one.id, { ...end, steps });
    }
  });
});

it("has a program for every explanation", () => {
  const covered = new Set(CASES.map((one) => one.kind));
  const inTable = TABLE.flatMap(([, explanations]) => explanations.map((one) => one.kind));
  // These stand for several, or are tested below.
  const others = new Set(["gradient", "value", "zero", "outside", "cut"]);
  expect(inTable.filter((kind) => !covered.has(kind) && !others.has(kind))).toEqual([]);
});
