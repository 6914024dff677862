import { beforeEach, describe, expect, it } from "vitest";
import { DraftKeeper, findDraft, listDrafts } from "./drafts";
import type { Draft } from "./store";

const draft = (id: string, change: Partial<Draft> = {}): Draft => ({
  id,
  title: id,
  code: `print("${id}")`,
  device: "cpu",
  seed: 0,
  base: "",
  ...change,
});

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

describe("drafts", () => {
  it("survive a reload: the tab's own comes back before a newer one of another tab", () => {
    new DraftKeeper().save(draft("mine"), 1);
    const tab = sessionStorage.getItem("playground.draft");
    new DraftKeeper().save(draft("other"), 2);
    sessionStorage.setItem("playground.draft", tab ?? "");
    expect(findDraft("")?.id).toBe("mine");
    sessionStorage.clear();
    expect(findDraft("")?.id).toBe("other");
  });

  it("a tab that showed a link's own content shows it again, a new tab the draft made from it", () => {
    const keeper = new DraftKeeper();
    keeper.save(draft("a", { base: "session:abc" }), 1);
    keeper.enter(draft("fresh", { base: "session:abc" }));
    expect(findDraft("session:abc")).toBeNull();
    sessionStorage.clear();
    expect(findDraft("session:abc")?.id).toBe("a");
  });

  it("a link brings back only a draft that was made from it", () => {
    const keeper = new DraftKeeper();
    keeper.save(draft("a", { base: "session:abc" }), 1);
    keeper.save(draft("b"), 2);
    expect(findDraft("session:abc")?.id).toBe("a");
    expect(findDraft("session:xyz")).toBeNull();
  });

  it("an older tab never overwrites what another tab saved since", () => {
    const first = new DraftKeeper();
    first.save(draft("d", { code: "one" }), 1);
    const second = new DraftKeeper();
    const seen = listDrafts()[0];
    if (!seen) throw new Error("expected the draft to be stored");
    second.adopt(seen);
    second.save(draft("d", { code: "two" }), 2);
    const kept = first.save(draft("d", { code: "three" }), 3);
    expect(kept.id).not.toBe("d");
    expect(new Set(listDrafts().map((one) => one.code))).toEqual(new Set(["two", "three"]));
  });

  it("saving again keeps the id, dropping forgets", () => {
    const keeper = new DraftKeeper();
    keeper.save(draft("d"), 1);
    expect(keeper.save(draft("d", { code: "x" }), 2).id).toBe("d");
    expect(listDrafts()).toHaveLength(1);
    keeper.drop("d");
    expect(listDrafts()).toHaveLength(0);
  });

  it("two tabs may save within the same millisecond", () => {
    const first = new DraftKeeper();
    first.save(draft("d", { code: "one" }), 5);
    const second = new DraftKeeper();
    for (const seen of listDrafts()) second.adopt(seen);
    second.save(draft("d", { code: "two" }), 5);
    first.save(draft("d", { code: "three" }), 5);
    expect(new Set(listDrafts().map((one) => one.code))).toEqual(new Set(["two", "three"]));
  });

  it("a tab in which nothing was written since keeps no copy of its old text", () => {
    const first = new DraftKeeper();
    first.save(draft("d", { code: "one" }), 1);
    const second = new DraftKeeper();
    for (const seen of listDrafts()) second.adopt(seen);
    second.save(draft("d", { code: "two" }), 2);
    expect(first.save(draft("d", { code: "one" }), 3).id).toBe("d");
    expect(listDrafts().map((one) => one.code)).toEqual(["two"]);
  });

  it("a tab that undoes its changes leaves what another wrote since", () => {
    const first = new DraftKeeper();
    first.save(draft("d", { code: "one" }), 1);
    const second = new DraftKeeper();
    for (const seen of listDrafts()) second.adopt(seen);
    second.save(draft("d", { code: "two" }), 2);
    first.drop("d");
    expect(listDrafts().map((one) => one.code)).toEqual(["two"]);
    second.drop("d");
    expect(listDrafts()).toEqual([]);
    first.save(draft("d", { code: "one" }), 3);
    expect(listDrafts().map((one) => one.code)).toEqual(["one"]);
  });

  it("keeps the newest twelve", () => {
    const keeper = new DraftKeeper();
    for (let i = 0; i < 15; i++) keeper.save(draft(`d${i}`), i);
    expect(listDrafts().map((one) => one.saved)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  });

  it("what cannot be read is left out", () => {
    for (const text of [
      "{",
      "7",
      "null",
      JSON.stringify({ id: "x" }),
      JSON.stringify({ ...draft("y"), saved: 1 }),
    ])
      localStorage.setItem("playground.draft/x", text);
    expect(listDrafts()).toEqual([]);
    new DraftKeeper().save(draft("x"), 1);
    expect(listDrafts()).toHaveLength(1);
  });
});
