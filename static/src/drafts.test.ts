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

  it("what cannot be read is left out", () => {
    localStorage.setItem("playground.drafts", JSON.stringify([{ id: 1 }, "x", null]));
    expect(listDrafts()).toEqual([]);
    localStorage.setItem("playground.drafts", "{");
    expect(listDrafts()).toEqual([]);
  });
});
