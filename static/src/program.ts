/** What happens to the program on the page: opened, edited, kept, run, stopped. */
import { boot } from "./boot";
import { type DraftData, forgetOthers, loadText, persist, remember, userData } from "./data/kept";
import { DraftKeeper, findDraft, listDrafts, newDraftId, type SavedDraft, wasHere } from "./drafts";
import { keepRun, keptRun } from "./kept_run";
import { stateAt } from "./moment";
import type * as wire from "./protocol.gen";
import { isActive, isShowable, newRun, QUIET_MS, storedRun } from "./run";
import { type Shared, share, tooBig, viewOf } from "./share";
import { send } from "./socket";
import { type Draft, getState, isEdited, PANELS, type Panel, subscribe, update, type Way } from "./store";

const keeper = new DraftKeeper();
let timer: ReturnType<typeof setTimeout> | undefined;

type Content = { [K in "title" | "code" | "device" | "seed" | "board" | "data"]?: Draft[K] | undefined };

/** Changes the draft and keeps it a moment later. */
export function edit(change: Content): void {
  update({ draft: { ...getState().draft, ...change } as Draft });
  clearTimeout(timer);
  timer = setTimeout(keep, 250);
}

/** Changes how the program is written, on a phone too. */
export function showWay(way: Way): void {
  update({ way, pane: "code" });
  edit({ board: { ...getState().draft.board, way } });
}

/** Keeps the draft now if it differs from what it came from. */
export function keep(): void {
  clearTimeout(timer);
  const state = getState();
  if (!isEdited(state)) {
    keeper.drop(state.draft.id);
    return;
  }
  const draft = keeper.save(state.draft);
  if (draft.data) void keepTable(draft.data);
  if (draft.id === state.draft.id) return;
  update({
    draft,
    toast: "Another tab has changed this draft since. Both are kept: this one is now a draft of its own.",
  });
}

let warned = "";

async function keepTable(data: DraftData): Promise<void> {
  if ((await persist(data)) || warned === data.key) return;
  warned = data.key;
  update({
    toast: `This browser does not keep the table ${data.name ?? ""}: it is gone when the page is closed. Share it or download the session.`,
  });
}

/** Keeps the draft and the results of its last run; for when the page goes away. */
export function keepAll(): void {
  keep();
  const { draft, run } = getState();
  if (run?.finished) keepRun(draft.id, run);
}

function show(original: Draft, draft: Draft, url: string): void {
  const first = getState().draft.id === "";
  if (!first) keep();
  update({
    original,
    draft,
    way: draft.board?.way ?? getState().way,
    run: null,
    shown: null,
    picked: null,
    hovered: null,
    time: null,
    toast: "",
    overlay: null,
  });
  if (!boot.embed) keeper.enter(draft);
  if (location.pathname + location.search === url) return;
  // What the page opens with is no step of the person's, so Back must not lead to it.
  if (first) history.replaceState(null, "", url + location.hash);
  else history.pushState(null, "", url);
}

function fresh(content: Content, base: string): Draft {
  return { id: newDraftId(), title: "", code: "", device: "cpu", seed: 0, ...strip(content), base };
}

function strip(content: Content): Partial<Draft> {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
}

export function openExample(id: string): void {
  const example = boot.examples.find((one) => one.id === id);
  if (!example) return;
  const draft = fresh({ title: example.title, code: example.code }, `example:${id}`);
  show(draft, draft, `/?example=${encodeURIComponent(id)}`);
  const panel = PANELS.find((one) => one === example.panel);
  if (panel && !panelInUrl()) update({ panel });
  runWhenConnected();
}

/** Shows what the draft came from, as it was; the changes stay among the drafts. */
export function openOriginal(): void {
  const { original } = getState();
  const [kind, id] = original.base.split(/:(.*)/);
  if (kind === "example") openExample(id ?? "");
  else if (kind === "session" && boot.session?.id === id && boot.session) openSession(boot.session);
  else {
    const draft = { ...original, id: newDraftId() };
    show(draft, draft, location.pathname + location.search);
  }
}

export function openNew(): void {
  const draft = fresh({ title: "Untitled", code: "import torch\n\n" }, "");
  show(draft, draft, "/?new");
  update({ pane: "code" });
}

/** The program a draft came from, as far as this page knows it. */
function originalOf(draft: Draft): Draft {
  const [kind, id] = draft.base.split(/:(.*)/);
  const example = kind === "example" && boot.examples.find((one) => one.id === id);
  if (example) return fresh({ title: example.title, code: example.code }, draft.base);
  if (kind === "session" && boot.session?.id === id && boot.session) return sessionDraft(boot.session);
  return fresh({}, draft.base);
}

export function openDraft(saved: SavedDraft): void {
  const { saved: _, ...draft } = saved;
  const [kind, id] = draft.base.split(/:(.*)/);
  const url =
    kind === "session" ? `/s/${id}` : kind === "example" ? `/?example=${encodeURIComponent(id ?? "")}` : "/";
  show(originalOf(draft), draft, url);
  keeper.adopt(saved);
  if (draft.data) void loadText(draft.data);
}

/** Opens a session from a file as a draft of its own, kept at once, with its results. Nothing is run. */
export function openTaken(content: wire.SessionContent): void {
  const { title, code, device, seed, board } = content;
  const data = content.data ? remember(content.data) : undefined;
  const draft = fresh({ title: title || "Untitled", code, device, seed, board, data }, "");
  show(originalOf(draft), draft, "/");
  keep();
  showResults(draft, content, null);
}

function sessionDraft(session: wire.BootSession): Draft {
  const { title, code, device, seed, board } = session.content;
  const data = session.content.data ? remember(session.content.data) : undefined;
  return fresh(
    { title: title || "Shared program", code, device, seed, board, data },
    `session:${session.id}`,
  );
}

/** Shows a stored session with its results. Nothing is run. */
export function openSession(session: wire.BootSession): void {
  const draft = sessionDraft(session);
  show(draft, draft, location.pathname + location.search);
  showResults(draft, session.content, panelInUrl());
}

function showResults(draft: Draft, { events = [], view }: wire.SessionContent, wanted: Panel | null): void {
  const run = storedRun(draft.code, draft.device, draft.seed, events);
  const panel = PANELS.find((one) => one === view?.panel);
  update({
    run,
    shown: run,
    panel: wanted ?? panel ?? "graph",
    picked: run && view?.node !== undefined && view.node >= 0 ? { kind: "node", node: view.node } : null,
    time: run && view?.time !== undefined && view.time >= 0 ? stateAt(run.graph, view.time).time : null,
  });
}

/** What the page shows first: this link's content, the person's own draft, or the first example. */
export function openFirst(): void {
  update({ panel: panelInUrl() ?? "graph" });
  const query = new URLSearchParams(location.search);
  const example = query.get("example");
  const base = boot.session ? `session:${boot.session.id}` : example ? `example:${example}` : "";
  const saved = boot.embed ? null : findDraft(base);
  if (boot.session) openSession(boot.session);
  if (saved) {
    const run = keptRun(saved.id) ?? getState().run;
    const toast = wasHere(saved) ? "" : "This is your draft, kept in this browser.";
    openDraft(saved);
    update({ run, shown: run, toast });
  } else if (!boot.session) {
    const first = boot.examples.find((one) => one.id === example) ?? boot.examples[0];
    if (first && !query.has("new")) openExample(first.id);
    else openNew();
  }
  // Tables of drafts that are gone; not while the page opens.
  if (!boot.embed)
    setTimeout(() => forgetOthers([getState().draft, ...listDrafts()].map((one) => one.data)), 5000);
}

export function panelInUrl(): Panel | null {
  return PANELS.find((panel) => `#${panel}` === location.hash) ?? null;
}

export function showPanel(panel: Panel): void {
  update({ panel, pane: "result" });
  history.replaceState(null, "", `#${panel}`);
}

export function runNow(): void {
  keep();
  const { draft, shown } = getState();
  const refusal = tooBig(draft.code);
  if (refusal) {
    update({ toast: refusal });
    return;
  }
  // The page has only just opened, or waits for its server: what is asked of it is done as soon as it can be.
  if (getState().connection !== "open") {
    if (getState().connection === "lost") {
      update({ toast: "Not connected to the server. The program runs as soon as it is." });
    }
    runWhenConnected();
    return;
  }
  const id = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
  const { code, device, seed } = draft;
  const table = draft.data && /\bdata\b/.test(code) ? draft.data : null;
  const data = table && userData(table);
  if (table && !data) {
    void runWithTable(table);
    return;
  }
  if (!send({ type: "run", run: id, code, device, seed, ...(data && { data }) })) return;
  const run = newRun(id, code, device, seed, performance.now());
  update({ run, shown: shown ?? run, hovered: null, time: null, toast: "" });
  setTimeout(() => {
    const now = getState().run;
    if (now?.id === id && isShowable(now, performance.now())) update({ shown: now });
  }, QUIET_MS);
}

/** Runs once the text of the table is there. */
async function runWithTable(table: DraftData): Promise<void> {
  if (await loadText(table)) return runNow();
  update({
    toast: `The table ${table.name ?? ""} is not in this browser any more. Choose it again in Data.`,
  });
}

/** Runs the program as soon as the connection stands, unless something else was opened or run by then. */
function runWhenConnected(): void {
  const { connection, draft, run } = getState();
  if (connection === "open") {
    runNow();
    return;
  }
  const undo = subscribe(() => {
    const state = getState();
    if (state.draft.id !== draft.id || state.run !== run) return undo();
    if (state.connection !== "open") return;
    undo();
    runNow();
  });
}

/** Stores the session; the page then is that session's, unedited, and its address is the link. */
export async function shareNow(withTable: boolean): Promise<Shared> {
  keep();
  const { draft: whole, run } = getState();
  const draft = withTable ? whole : { ...whole, data: undefined };
  if (draft.data && !(await loadText(draft.data))) {
    throw new Error(
      `The table ${draft.data.name ?? ""} is not in this browser any more. Choose it again in Data.`,
    );
  }
  const shared = await share(draft, run, viewOf(getState()));
  const now = getState().draft;
  // Another program was opened while this one was stored.
  if (now.id !== draft.id) return shared;
  keeper.drop(draft.id);
  const base = `session:${shared.id}`;
  update({ draft: { ...now, base }, original: { ...draft, base } });
  keep();
  history.pushState(null, "", `/s/${shared.id}`);
  return shared;
}

export function stop(): void {
  const { run } = getState();
  if (run && isActive(run)) send({ type: "cancel", run: run.id });
}

/** Holds the running program after its next training step, lets it make one more, or lets it go on. */
export function steer(action: wire.Control["action"]): void {
  const { run, shown } = getState();
  if (!run || !isActive(run) || !send({ type: "control", run: run.id, action })) return;
  const told = { ...run, steered: action };
  update({ run: told, shown: shown?.id === run.id ? told : shown });
}

/** Changes a learning rate of the running program, from its next training step on. */
export function tune(optimizer: number, group: number, lr: number): void {
  const { run } = getState();
  if (run && isActive(run)) send({ type: "tune", run: run.id, optimizer, group, lr });
}
