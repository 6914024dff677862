import { beforeAll, describe, expect, it } from "vitest";
import type { Action } from "./action";
import { actionFor, keyOf, showKey } from "./keys";

let actions: readonly Action[];
let groups: typeof import("./index").groups;
let LOCAL_KEYS: typeof import("./shortcuts").LOCAL_KEYS;

beforeAll(async () => {
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
  ({ actions, groups } = await import("./index"));
  ({ LOCAL_KEYS } = await import("./shortcuts"));
});

const press = (key: string, more: KeyboardEventInit = {}, target: HTMLElement = document.body) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, ...more });
  target.dispatchEvent(event);
  return event;
};

describe("the registry", () => {
  it("has every action once, each with a label and a key of its own", () => {
    expect(new Set(actions.map((one) => one.name)).size).toBe(actions.length);
    expect(new Set(actions.map((one) => one.key)).size).toBe(actions.length);
    for (const { label, key } of actions) {
      expect(label).toMatch(/^[A-Z].*[^.]$/);
      expect(key).toMatch(/^((Mod|Alt|Shift)\+)*[A-Za-z./,<>?[\]]+$/);
    }
  });

  it.each([
    "run",
    "stop",
    "share",
    "graph.fit",
    "step.forward",
    "step.back",
    "panel.next",
    "panel.previous",
    "theme",
  ])("has %s", (name) => expect(actions.some((one) => one.name === name)).toBe(true));
});

describe("keys", () => {
  it("are read from a press", () => {
    expect(keyOf(press("Enter", { ctrlKey: true }), false)).toBe("Mod+Enter");
    expect(keyOf(press("Enter", { metaKey: true }), true)).toBe("Mod+Enter");
    expect(keyOf(press("s", { ctrlKey: true }), false)).toBe("Mod+S");
    expect(keyOf(press("S", { ctrlKey: true, shiftKey: true }), false)).toBe("Mod+Shift+S");
    expect(keyOf(press("†", { altKey: true, code: "KeyT" }), true)).toBe("Alt+T");
    expect(keyOf(press("f"), false)).toBe("F");
    expect(keyOf(press("?", { shiftKey: true }), false)).toBe("?");
  });

  it("find their action; a plain key is text where one types", () => {
    expect(actionFor(press("Enter", { ctrlKey: true }), actions)?.name).toBe("run");
    expect(actionFor(press("."), actions)?.name).toBe("step.forward");
    const field = document.createElement("input");
    document.body.append(field);
    expect(actionFor(press(".", {}, field), actions)).toBeNull();
    expect(actionFor(press("Enter", { ctrlKey: true }, field), actions)?.name).toBe("run");
    expect(actionFor(press("q"), actions)).toBeNull();
  });

  it("that a focused control has a use for are left to it, but not those of the timeline and the diagram", () => {
    const add = (html: string) => {
      const box = document.createElement("div");
      box.innerHTML = html;
      document.body.append(box);
      return box.querySelector("[data-it]") as HTMLElement;
    };
    expect(actionFor(press(" "), actions)?.name).toBe("step.play");
    expect(actionFor(press("Home"), actions)?.name).toBe("step.first");
    for (const html of [
      "<button data-it>",
      "<div tabindex=0 data-it>",
      "<div role=tab tabindex=0 data-it>",
    ]) {
      for (const key of [" ", "Home", "End"])
        expect(actionFor(press(key, {}, add(html)), actions)).toBeNull();
      expect(actionFor(press(".", {}, add(html)), actions)?.name).toBe("step.forward");
    }
    const range = add("<autograd-timeline><input type=range data-it></autograd-timeline>");
    expect(actionFor(press(" ", {}, range), actions)?.name).toBe("step.play");
    expect(actionFor(press("<", {}, range), actions)?.name).toBe("step.previous");
    expect(actionFor(press(" ", {}, add("<div class=ag-stage tabindex=0 data-it>")), actions)?.name).toBe(
      "step.play",
    );
  });

  it("are shown as the system writes them", () => {
    expect(showKey("Mod+Shift+S", false)).toBe("Ctrl+Shift+S");
    expect(showKey("Mod+Enter", true)).toBe("⌘Enter");
  });
});

it("docs/keys.md lists every key; `vitest run static/src/actions -u` renews it", async () => {
  const line = ([key, text]: readonly [string, string]) => `| ${key} | ${text} |`;
  const section = (title: string, rows: readonly (readonly [string, string])[]) =>
    [`## ${title}`, "", "| key | |", "|---|---|", ...rows.map(line), ""].join("\n");
  const text = [
    "# Keys",
    "",
    "On a Mac, Ctrl is ⌘ and Alt is ⌥. Keys without Ctrl or Alt act outside text fields; Alt+K switches them off.",
    "This page is written from the table of actions (`static/src/actions`).",
    "",
    ...groups.map(({ title, actions }) =>
      section(
        title,
        actions.map(({ key, label }) => [showKey(key, false), label]),
      ),
    ),
    ...LOCAL_KEYS.map(({ where, keys }) => section(where, keys)),
  ].join("\n");
  await expect(text).toMatchFileSnapshot("../../../docs/keys.md");
});
