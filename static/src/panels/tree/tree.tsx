/** The graph as a tree: what the diagram says, in rows that can be read, walked and searched, however many there are. */
import "../../styles/tree.css";
import {
  type KeyboardEvent,
  type MouseEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { litBy } from "../../derive";
import type { AutogradGraph } from "../../graph";
import { describeGraph, lookAt } from "../../graph/describe";
import type { GNode } from "../../graph/model";
import { Openness } from "../../graph/openness";
import { goTo, groupOf, isLink, keyOf, nodeOf, parentsOf, rowsOf, startingWith } from "../../graph/rows";
import { findNodes } from "../../graph/search";
import { type Child, isGroup, TreeBuilder } from "../../graph/tree";
import { update, useStore } from "../../store";
import { TreeRow } from "./row";

/** Heights of a row in px: on one line, and on two where there is little room. */
const ROW = 28;
const ROW_NARROW = 48;
const NARROW = 620;
/** Up to so many rows all are in the document, so that a screen reader can read on from any of them. */
const ALL = 300;
/** Beyond, so many on both sides of the window. */
const MORE = 10;
const TYPING_MS = 600;

/** The version of what was recorded, at most once a frame. */
function useRecorded(graph: AutogradGraph): number {
  const subscribe = useCallback(
    (tell: () => void) => {
      let frame = 0;
      const soon = () => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          tell();
        });
      };
      graph.addEventListener("recorded", soon);
      return () => {
        cancelAnimationFrame(frame);
        graph.removeEventListener("recorded", soon);
      };
    },
    [graph],
  );
  return useSyncExternalStore(subscribe, () => graph.model.version);
}

/** The rows of what is open, and ways to open and close. */
function useRows(graph: AutogradGraph, version: number) {
  const { model } = graph;
  const builder = useMemo(() => new TreeBuilder(model), [model]);
  const first = useMemo(() => new Openness(), [model]);
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  // The model grows in place; its version says when.
  const tree = useMemo(() => builder.build(), [builder, version]);
  const parents = useMemo(() => parentsOf(tree), [tree]);
  const rows = useMemo(() => {
    first.consider(tree);
    return rowsOf(
      tree,
      (child) => chosen.get(keyOf(child)) ?? (isGroup(child) && child.kind !== "gap" && first.isOpen(child)),
    );
  }, [tree, first, chosen]);
  const indexOf = useMemo(() => new Map(rows.map((row, i) => [row.key, i])), [rows]);
  const set = (keys: readonly string[], open: boolean) =>
    setChosen((now) => new Map([...now, ...keys.map((key): [string, boolean] => [key, open])]));
  const openAround = (child: Child) => {
    const keys: string[] = [];
    for (let at = parents.get(child); at && at !== tree; at = parents.get(at)) keys.push(at.key);
    if (keys.length) set(keys, true);
  };
  return { rows, indexOf, set, openAround };
}

/** Where the list is scrolled to, and how much of it there is to see. */
function useWindow() {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 0, width: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      const { scrollTop: top, clientHeight: height } = element;
      // With the room of the card of a selection, so that selecting does not change the height of rows.
      const width = element.closest<HTMLElement>(".tree")?.offsetWidth ?? 0;
      setSeen((now) =>
        now.top === top && now.height === height && now.width === width ? now : { top, height, width },
      );
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    const sizes = new ResizeObserver(soon);
    sizes.observe(element);
    element.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      element.removeEventListener("scroll", soon);
    };
  }, []);
  return { box, ...seen };
}

function select(node: GNode | null): void {
  update({ picked: node && { kind: "node", node: node.id } });
}

export default function TreePanel({ graph }: { graph: AutogradGraph }) {
  const version = useRecorded(graph);
  const { model } = graph;
  const { rows, indexOf, set, openAround } = useRows(graph, version);
  const { box, top, height, width } = useWindow();
  const run = useStore((state) => state.shown);
  const picked = useStore((state) => state.picked);
  const hovered = useStore((state) => state.hovered);
  const time = useStore((state) => state.time);
  const [current, setCurrent] = useState("");
  const [query, setQuery] = useState("");
  const { nodes: found, problem } = useMemo(
    () => findNodes({ model, grad: (node) => graph.now.grad(node.id) }, query),
    [graph, model, query, version, time],
  );
  const focusNext = useRef(false);
  const typed = useRef({ text: "", at: 0 });
  const at = indexOf.get(current) ?? 0;
  const narrow = width < NARROW;
  const rowHeight = narrow ? ROW_NARROW : ROW;
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);

  const go = (to: number) => {
    const row = rows[to];
    if (!row) return;
    focusNext.current = true;
    setCurrent(row.key);
    if (isLink(row.what)) update({ hovered: { kind: "node", node: row.what.node.id } });
    else select(nodeOf(row));
  };
  const reveal = (node: GNode, focus: boolean) => {
    focusNext.current = focus;
    openAround(node);
    setCurrent(keyOf(node));
  };
  const jump = (node: GNode) => {
    reveal(node, true);
    select(node);
  };
  const activate = (to: number) => {
    const row = rows[to];
    if (!row) return;
    if (isLink(row.what)) jump(row.what.node);
    else if (row.open !== null) set([row.key], !row.open);
  };
  const nextFound = (by: 1 | -1) => {
    const here = found.findIndex((node) => keyOf(node) === current);
    const node =
      found[here < 0 ? (by > 0 ? 0 : found.length - 1) : (here + by + found.length) % found.length];
    if (!node) return;
    reveal(node, false);
    select(node);
  };

  // What is selected elsewhere on the page is shown here, without taking the focus.
  const pickedNode = picked?.kind === "node" ? (model.byId.get(picked.node) ?? null) : null;
  const here = rows[at];
  const own = here && isLink(here.what) ? rows[here.parent] : here;
  useEffect(() => {
    if (pickedNode && pickedNode !== nodeOf(own)) reveal(pickedNode, false);
  }, [pickedNode]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !indexOf.has(current)) return;
    const from = at * rowHeight;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (from + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = from + rowHeight - element.clientHeight;
    if (!focusNext.current) return;
    focusNext.current = false;
    element.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus({ preventScroll: true });
  }, [current, at, rowHeight]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = goTo(rows, at, event.key, page);
    const row = rows[at];
    if (to === "open" || to === "close") set(row ? [row.key] : [], to === "open");
    else if (to !== null) go(to);
    else if (event.key === "Enter" || event.key === " ") activate(at);
    else if (event.key === "*") {
      const all = rows.filter((one) => one.parent === row?.parent && groupOf(one));
      set(
        all.map((one) => one.key),
        true,
      );
    } else if (/^[\p{L}\p{N}_]$/u.test(event.key)) {
      const now = performance.now();
      const text = (now - typed.current.at < TYPING_MS ? typed.current.text : "") + event.key;
      typed.current = { text, at: now };
      const next = startingWith(rows, at, text);
      if (next !== null) go(next);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rowAt = (event: MouseEvent) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-at]") : null;
    return row ? Number(row.dataset.at) : -1;
  };
  const onClick = (event: MouseEvent) => {
    const to = rowAt(event);
    const row = rows[to];
    if (!row) return;
    const twisty = event.target instanceof Element && event.target.closest(".tree-twisty");
    if (isLink(row.what)) activate(to);
    else {
      go(to);
      if (twisty) activate(to);
    }
  };
  const onHover = (event: MouseEvent) => {
    const what = rows[rowAt(event)]?.what;
    const node = what && (isLink(what) ? what.node : isGroup(what) ? null : what);
    update({ hovered: node ? { kind: "node", node: node.id } : null });
  };

  const litNodes = useMemo(
    () =>
      new Set([...litBy(run, hovered).nodes, ...(picked?.kind === "node" ? [] : litBy(run, picked).nodes)]),
    [run, hovered, picked],
  );
  const foundNodes = useMemo(() => new Set(found), [found]);
  const all = rows.length <= ALL;
  const from = all ? 0 : Math.max(0, Math.floor(top / rowHeight) - MORE);
  const to = all ? rows.length : Math.min(rows.length, Math.ceil((top + height) / rowHeight) + MORE);
  const drawn = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  // The row that Tab leads to is always there.
  if (at < from) drawn.unshift(at);
  else if (at >= to) drawn.push(at);
  return (
    <section className={narrow ? "tree tree-narrow" : "tree"} aria-label="The graph as a tree">
      <div className="tree-tools">
        <input
          type="search"
          className="field tree-search"
          placeholder="Search"
          aria-label="Search the tree by name, operation, shape or type"
          value={query}
          spellCheck={false}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") nextFound(event.shiftKey ? -1 : 1);
            else if (event.key === "Escape" && query) setQuery("");
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        <span className="muted numbers" aria-live="polite">
          {query.trim() && (problem || (found.length ? `${found.length} found` : "none"))}
        </span>
      </div>
      <div className="tree-list">
        <div className="tree-head" aria-hidden="true">
          <span className="tree-title">Name</span>
          <span className="tree-shape">Shape</span>
          <span className="tree-value">Value</span>
          <span className="tree-grad">Gradient</span>
          <span className="tree-ways">From and to</span>
        </div>
        <div className="tree-scroll" ref={box}>
          <div
            className="tree-rows"
            role="tree"
            aria-label={describeGraph(model)}
            style={{ height: rows.length * rowHeight }}
            onKeyDown={onKeyDown}
            onClick={onClick}
            onPointerOver={onHover}
            onPointerLeave={() => update({ hovered: null })}
          >
            {drawn.map((i) => {
              const row = rows[i];
              if (!row) return null;
              const node = nodeOf(row);
              return (
                <TreeRow
                  key={row.key}
                  row={row}
                  at={i}
                  height={rowHeight}
                  look={node && lookAt(graph.now, node)}
                  current={i === at}
                  selected={
                    node !== null
                      ? node === pickedNode
                      : i === at && pickedNode === null && row.key === current
                  }
                  lit={node !== null && litNodes.has(node.id)}
                  found={node !== null && foundNodes.has(node)}
                />
              );
            })}
          </div>
        </div>
      </div>
    </section>
  );
}
