/** Graph: the diagram with the card of what is selected. */
import { lazy, Suspense, useLayoutEffect, useRef, useState } from "react";
import { treeView } from "../actions/graph";
import { showKey } from "../actions/keys";
import { run } from "../actions/run";
import { indexOf, litBy, nameOf, repeats, sameButNumbers } from "../derive";
import type { AutogradGraph } from "../graph";
import { NO_MARKS } from "../graph/marks";
import { NOTHING, stateAt } from "../moment";
import { plural } from "../numbers";
import { Empty } from "../parts/empty";
import { Part } from "../parts/part";
import type { Recording, RunState } from "../run";
import { getState, type State, setView, subscribe, update, useStore } from "../store";
import { Inspector } from "./card/card";

const TreePanel = lazy(() => import("./tree/tree"));
const Findings = lazy(() => import("./findings"));

/** Which recording is shown: a run's, or a later one of it. */
const recordingOf = (run: RunState | null) => (run ? `${run.id} ${run.graphs}` : "");

/** Gives the diagram what a run has recorded since it was given the last time. */
class Feed {
  private recording = "";
  private shown: Recording | null = null;
  /** The recording before, for as long as this one repeats it. */
  private earlier: Recording | null = null;
  private sent = { nodes: 0, edges: 0, scopes: 0, steps: 0 };

  constructor(private readonly graph: AutogradGraph) {}

  /** A recording that draws what the one before drew keeps the view and the selection. */
  show(run: RunState | null): void {
    if (recordingOf(run) !== this.recording) {
      const before = this.recording.split(" ")[0] === run?.id ? this.shown : null;
      this.recording = recordingOf(run);
      // What follows a dragged control has other numbers, and nothing else that is new.
      if (run && before && sameButNumbers(run.graph, before) && this.graph.renew(run.graph)) {
        this.shown = run.graph;
        return;
      }
      this.earlier = run && this.shown;
      this.begin(this.earlier !== null && repeats(run?.graph ?? this.earlier, this.earlier, 0));
    } else if (run && this.earlier && !repeats(run.graph, this.earlier, this.sent.nodes)) this.begin(false);
    this.shown = run?.graph ?? null;
    if (!run) return;
    const { nodes, edges, scopes, steps, omitted } = run.graph;
    const { sent } = this;
    const before = sent.nodes + sent.edges + sent.scopes + sent.steps;
    if (nodes.length + edges.length + scopes.length + steps.length === before) return;
    this.graph.push({
      nodes: nodes.slice(sent.nodes),
      edges: edges.slice(sent.edges),
      scopes: scopes.slice(sent.scopes),
      steps: steps.slice(sent.steps),
      omitted,
    });
    this.sent = { nodes: nodes.length, edges: edges.length, scopes: scopes.length, steps: steps.length };
  }

  private begin(alike: boolean): void {
    this.graph.reset(alike);
    this.sent = { nodes: 0, edges: 0, scopes: 0, steps: 0 };
    if (alike || !this.earlier) return;
    const before = indexOf(this.earlier).node;
    this.earlier = null;
    // The number of a node of the run before may be another's now.
    const { picked, shown, time } = getState();
    if (time !== null) update({ time: null });
    if (picked?.kind !== "node") return;
    const [old, now] = [before.get(picked.node), shown && indexOf(shown.graph).node.get(picked.node)];
    const same = old && now && old.op === now.op && nameOf(old) === nameOf(now);
    if (!same) update({ picked: null });
  }
}

/** The node a pick stands for when it stands for exactly one. */
function single(pick: State["picked"]): number | null {
  return pick?.kind === "node" ? pick.node : null;
}

/** A failed operation says so itself. */
const said = (finding: State["findings"][number]) => finding.word !== "failed here";

/** How much of `box` the card of the selection covers: its right side, or on a phone its lower part. */
function coveredBy(card: Element | null, box: Element): { right: number; bottom: number } {
  if (!card) return { right: 0, bottom: 0 };
  const [inner, outer] = [card.getBoundingClientRect(), box.getBoundingClientRect()];
  return inner.width > 0.6 * outer.width
    ? { right: 0, bottom: outer.bottom - inner.top }
    : { right: outer.right - inner.left, bottom: 0 };
}

function joinGraph(graph: AutogradGraph): () => void {
  const feed = new Feed(graph);
  let seen: State | null = null;
  /** The card is there by the next frame; what it tells about is not left under it. */
  const uncover = () => {
    graph.covered = coveredBy(graph.closest(".graph")?.querySelector(".card") ?? null, graph);
    const node = single(getState().picked);
    if (node !== null) void graph.reveal(node);
  };
  const sync = () => {
    // It may clear the selection, and then this is called anew.
    feed.show(getState().shown);
    const state = getState();
    const before = seen;
    seen = state;
    const other = recordingOf(state.shown) !== recordingOf(before?.shown ?? null);
    const recorded = state.shown?.graph !== before?.shown?.graph || other;
    if (recorded || state.time !== before?.time)
      graph.now = state.shown ? stateAt(state.shown.graph, state.time) : NOTHING;
    if (state.traced !== before?.traced || state.findings !== before?.findings || other)
      graph.marks = { path: state.traced ?? NO_MARKS.path, words: state.findings.filter(said) };
    if (state.picked !== before?.picked || state.hovered !== before?.hovered || other) {
      const lit = new Set([...litBy(state.shown, state.hovered).nodes]);
      if (state.picked?.kind !== "node") for (const id of litBy(state.shown, state.picked).nodes) lit.add(id);
      graph.lit = lit;
      const node = single(state.picked);
      if (graph.selected !== node) graph.selected = node;
      // A panel that was hidden learns its size in the frame after.
      const soon = () => (state.panel === before?.panel ? uncover() : requestAnimationFrame(uncover));
      if (state.picked !== before?.picked) requestAnimationFrame(soon);
      graph.hovered = single(state.hovered);
    }
  };
  const onSelect = (event: Event) => {
    const { node } = (event as CustomEvent<{ node: number | null }>).detail;
    update({ picked: node === null ? null : { kind: "node", node } });
  };
  const onHover = (event: Event) => {
    const { node } = (event as CustomEvent<{ node: number | null }>).detail;
    update({ hovered: node === null ? null : { kind: "node", node } });
  };
  graph.addEventListener("select", onSelect);
  graph.addEventListener("hover", onHover);
  sync();
  const undo = subscribe(sync);
  return () => {
    undo();
    graph.remove();
  };
}

function emptyText(run: RunState | null): string {
  if (!run) return "The diagram of every operation and its gradient appears here.";
  if (run.phase === "finished" && run.graph.nodes.length === 0) {
    return "This program made no tensors, so there is nothing to draw.";
  }
  return "";
}

/** Two views of one graph; the tree is also what a screen reader can read. */
function ViewSwitch() {
  const view = useStore((state) => state.view);
  return (
    <fieldset className="segments graph-views">
      <legend className="unseen">Show the graph as</legend>
      {(["diagram", "tree"] as const).map((one) => (
        <button
          type="button"
          key={one}
          className="segment"
          aria-pressed={view === one}
          title={`${treeView.label} (${showKey(treeView.key)})`}
          onClick={() => setView(one)}
        >
          {one === "diagram" ? "Diagram" : "Tree"}
        </button>
      ))}
    </fieldset>
  );
}

export function GraphPanel() {
  const box = useRef<HTMLDivElement>(null);
  const view = useStore((state) => state.view);
  const [graph, setGraph] = useState<AutogradGraph | null>(null);
  const shown = useStore((state) => state.shown);
  const empty = emptyText(shown);
  const ran = shown !== null;
  const omitted = shown?.graph.omitted ?? 0;
  useLayoutEffect(() => {
    if (!box.current) return;
    const graph = document.createElement("autograd-graph");
    box.current.append(graph);
    setGraph(graph);
    return joinGraph(graph);
  }, []);
  return (
    <div className="graph">
      {!empty && <ViewSwitch />}
      <div className="graph-box" ref={box} hidden={empty !== "" || view !== "diagram"} />
      {!empty && view === "tree" && graph && (
        <Part name="the tree">
          <TreePanel graph={graph} />
        </Part>
      )}
      {empty && <Empty text={empty} action={ran ? null : run} />}
      <div className="graph-notes">
        {omitted > 0 && (
          <p className="graph-note">
            {plural(omitted, "later operation")}, backward steps and updates counted, ran without being
            recorded. The diagram, the timeline and the gradients show what came before.
          </p>
        )}
        <Suspense fallback={null}>{shown && <Findings run={shown} />}</Suspense>
      </div>
      <Inspector />
    </div>
  );
}
