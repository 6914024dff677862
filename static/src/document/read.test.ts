import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { remember } from "../data/kept";
import type * as wire from "../protocol.gen";

type Take = (event: wire.Event) => void;
const asked: { code: string; run: string; data: wire.UserData | null | undefined; take: Take }[] = [];
let open = true;

vi.mock("../socket", () => ({
  ask: (command: wire.Parse, take: Take) => {
    if (open) asked.push({ code: command.code ?? "", run: command.run, data: command.data, take });
    return open;
  },
}));

let read: typeof import("./read");
let store: typeof import("../store");

beforeAll(async () => {
  read = await import("./read");
  store = await import("../store");
});

const write = (code: string) => store.update({ draft: { ...store.getState().draft, code } });
const answer = (at: number, change: Partial<wire.Document> = {}) => {
  const { run, take } = asked[at] as (typeof asked)[number];
  take({
    type: "document",
    run,
    seq: 1,
    statements: [],
    blocks: [],
    problem: "",
    line: 0,
    column: 0,
    imports: {},
    ...change,
  });
  take({
    type: "finished",
    run,
    seq: 2,
    status: "ok",
    wall_ms: 1,
    message: "",
    operations: 0,
    interactive: false,
  });
};
const rest = () => vi.advanceTimersByTime(121);
let count = 0;
let leave: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  open = true;
  leave?.();
  store.update({ connection: "open", draft: { ...store.getState().draft, id: `d${++count}`, code: "a" } });
  leave = read.watchReading(() => {});
});

it("asks at once when somebody begins to look, and then when typing rests", () => {
  expect(asked.map((one) => one.code)).toEqual(["a"]);
  answer(0);
  expect(read.getReading()).toMatchObject({ text: "a", current: true });
  write("ab");
  write("abc");
  expect(read.getReading()).toMatchObject({ text: "a", current: false });
  rest();
  expect(asked.map((one) => one.code)).toEqual(["a", "abc"]);
  answer(1);
  expect(read.getReading()).toMatchObject({ text: "abc", current: true });
});

it("takes only the newest answer, and keeps the last good one when the text is no Python", () => {
  write("b");
  rest();
  answer(0);
  expect(read.getReading().document).toBeNull();
  answer(1);
  write("b(");
  rest();
  answer(2, { problem: "The text is not Python", line: 1 });
  expect(read.getReading()).toMatchObject({
    text: "b",
    current: false,
    problem: "The text is not Python",
    line: 1,
  });
  write("b");
  rest();
  answer(3);
  expect(read.getReading()).toMatchObject({ text: "b", current: true, problem: "" });
});

it("comes back to a text that was left while another was read", () => {
  answer(0);
  write("b");
  rest();
  write("a");
  expect(read.getReading().current).toBe(true);
  answer(1);
  expect(asked.map((one) => one.code)).toEqual(["a", "b", "a"]);
  answer(2);
  expect(read.getReading()).toMatchObject({ text: "a", current: true });
});

it("asks again when the connection is back", () => {
  open = false;
  store.update({ connection: "lost" });
  write("c");
  rest();
  expect(asked.length).toBe(1);
  open = true;
  store.update({ connection: "open" });
  expect(asked.map((one) => one.code)).toEqual(["a", "c"]);
});

it("sends the person's table along where shapes hang on it, and asks again when the table changes", () => {
  answer(0);
  const data = remember({ name: "t.csv", text: "a,b\n1,2\n" });
  store.update({ draft: { ...store.getState().draft, data } });
  rest();
  expect(asked.map(({ data }) => data?.text)).toEqual([undefined, undefined]);
  answer(1);
  write("import data\nx = data.X");
  rest();
  expect(asked[2]?.data?.text).toBe("a,b\n1,2\n");
  answer(2);
  store.update({
    draft: { ...store.getState().draft, data: remember({ name: "t.csv", text: "a,b\n3,4\n5,6\n" }) },
  });
  rest();
  expect(asked[3]?.data?.text).toBe("a,b\n3,4\n5,6\n");
});
