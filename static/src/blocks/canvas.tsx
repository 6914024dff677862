/** The blocks: the program as it was last read, drawn, moved and changed. */
import {
  applyEdgeChanges,
  applyNodeChanges,
  Background,
  type Connection,
  type EdgeChange,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  ReactFlow,
  useStore as useFlowStore,
  useReactFlow,
} from "@xyflow/react";
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { MOST_SHARED } from "../data/kept";
import type { Reading } from "../document/read";
import { moveBlocks } from "../editor/edits";
import { moves } from "../graph/screen";
import type * as wire from "../protocol.gen";
import { getState, update, useStore } from "../store";
import { commands, showScene } from "./commands";
import {
  absolute,
  type BlockNodeType,
  edgesOf,
  type Ground,
  idOf,
  keyOf,
  nodesOf,
  originIn,
  type WireEdgeType,
} from "./elements";
import { blockKey } from "./keys";
import { labelsOf } from "./labels";
import { bestFlow, FRAME_TOP, flowOf, frameRect, layOut, rectsOf } from "./layout";
import { nodeOf, useTold } from "./live";
import { BlockNode, FrameNode } from "./node";
import { type Entry, entryOf } from "./palette";
import { Places } from "./places";
import { keepPlaces, refuse } from "./queue";
import { handleIndex, sceneOf } from "./scene";
import { getView, setView, useView } from "./state";
import { Toolbar } from "./toolbar";
import { WireEdge } from "./wire";

// What xyflow is given must be the same at every render: with another handler it draws all blocks anew, at every frame
// of a drag.
const WORDS = { "minimap.ariaLabel": "Small map of the blocks" };
const NODES = { block: BlockNode, frame: FrameNode };
const EDGES = { wire: WireEdge };
const NO_SPOTS: Readonly<Record<string, wire.Spot>> = {};
/** The small map helps only with more than fits into view. */
const MAP_FROM = 16;
const FIT = { padding: 0.06, maxZoom: 1 };
/** At first a program is shown whole only as far as its words can be read; else from its beginning. */
const READABLE = 0.65;
/** From so far away no word can be read, and painting hundreds of them takes longer than a frame. */
const FAR = 0.4;
/** From here on numbers on wires can be read. */
const NEAR = 0.7;
/** Height of the toolbar. */
const BAR = 37;
/** What is brought into view is so far from the edge. */
const EDGE = 16;

/** Of each draft that was looked at. */
let places = new Places();
let placesOf = "";

const duration = () => (moves() ? 150 : 0);

/** What a canvas lets others do with it. */
export interface Handle {
  readonly drop: (entry: Entry, x: number, y: number) => void;
}

interface Props {
  readonly reading: Reading & { readonly document: wire.Document };
  readonly size: { readonly width: number; readonly height: number };
  readonly onReady: (handle: Handle) => void;
}

export function Canvas({ reading, size: { width, height }, onReady }: Props) {
  const { document: program, text } = reading;
  const box = useRef<HTMLDivElement>(null);
  const flow = useReactFlow<BlockNodeType, WireEdgeType>();
  const view = useView((all) => all);
  const draft = useStore((state) => state.draft.id);
  const board = useStore((state) => state.draft.board?.spots) ?? NO_SPOTS;
  const large = useStore((state) => (state.draft.data?.bytes ?? 0) > MOST_SHARED);
  if (placesOf !== draft) {
    places = new Places();
    placesOf = draft;
  }
  places.follow(program, board);

  const sceneWith = useCallback(
    (way: "down" | "right") =>
      sceneOf(program, text, { flow: way, closed: view.closed, expanded: view.expanded, entryOf, large }),
    [program, text, view.closed, view.expanded, large],
  );
  // Which way a program goes depends on where its blocks were put or, before any was, on the pane.
  const first = useMemo(() => {
    if (view.flow) return view.flow;
    const down = sceneWith("down");
    const pane = { width: width || 480, height: height || 640 };
    return down.boxes.some((one) => board[one.key])
      ? flowOf(down, board)
      : bestFlow({ down, right: sceneWith("right") }, pane);
  }, [draft, view.flow === null]);
  useEffect(() => setView({ flow: first }), [first]);
  const scene = useMemo(() => sceneWith(view.flow ?? first), [sceneWith, view.flow, first]);
  const ground = useMemo<Ground>(() => {
    const spots = places.settle(scene, board);
    const spotOf = (key: string): wire.Spot => spots[key] ?? [0, 0];
    return { scene, rects: rectsOf(scene, spotOf), spotOf };
  }, [scene, board]);
  const told = useTold(reading);

  const far = useFlowStore((state) => state.transform[2] < FAR);
  const near = useFlowStore((state) => state.transform[2] >= NEAR);
  const labels = useMemo(() => labelsOf(ground), [ground]);
  const [nodes, setNodes] = useState<BlockNodeType[]>([]);
  const [edges, setEdges] = useState<WireEdgeType[]>([]);
  useLayoutEffect(() => {
    showScene(scene);
    setNodes((before) => nodesOf(ground, told, view, before));
    setEdges((before) => edgesOf(ground, told, view, { labels, near }, before));
  }, [ground, scene, labels, near, told.now, told.matches, told.live, told.picked, told.hovered, view]);

  const latest = useRef({ ground, scene, told });
  latest.current = { ground, scene, told };

  const missing = useCallback(() => places.missing(latest.current.scene, getState().draft.board?.spots), []);
  useEffect(() => keepPlaces(missing), [missing]);

  const fit = useCallback(() => void flow.fitView({ ...FIT, duration: duration() }), [flow]);
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const rects = [...absolute(latest.current.ground).values()];
      if (!rects.length) return;
      const whole = frameRect(rects);
      const zoom = Math.min(1, width / (whole.width + 24), (height - BAR) / (whole.height + 24));
      if (zoom >= READABLE) void flow.fitView(FIT);
      else {
        const x = Math.max(
          16 - whole.x * READABLE,
          (width - whole.width * READABLE) / 2 - whole.x * READABLE,
        );
        void flow.setViewport({ x, y: -(whole.y + FRAME_TOP - 24) * READABLE, zoom: READABLE });
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [flow, draft]);

  const reveal = useCallback(
    (key: string) => {
      const rect = absolute(latest.current.ground).get(key);
      const pane = box.current?.getBoundingClientRect();
      if (!rect || !pane) return;
      const { x, y, zoom } = flow.getViewport();
      const left = rect.x * zoom + x;
      const top = rect.y * zoom + y;
      // As little as it takes: what one looks at stays where it is.
      const by = (low: number, size: number, room: number) =>
        low < EDGE
          ? EDGE - low
          : low + size > room - EDGE
            ? Math.max(room - EDGE - low - size, EDGE - low)
            : 0;
      const dx = by(left, rect.width * zoom, pane.width);
      const dy = by(top, rect.height * zoom, pane.height);
      if (dx || dy) void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: duration() });
    },
    [flow],
  );

  const focused = useRef(0);
  // A block that was just added has to be drawn before it can have the focus.
  useEffect(() => {
    if (view.focused === focused.current) return;
    const key = getView().current;
    const node = key ? nodeElement(box.current, key) : box.current;
    if (!node) return;
    focused.current = view.focused;
    node.focus({ preventScroll: true });
    if (getView().revealed) reveal(key);
  }, [view.focused, nodes, reveal]);

  const relay = useCallback(() => {
    const { scene: now } = latest.current;
    const pane = { width: box.current?.clientWidth ?? 480, height: box.current?.clientHeight ?? 640 };
    const best = bestFlow({ down: sceneWith("down"), right: sceneWith("right") }, pane);
    const next = best === now.flow ? now : sceneWith(best);
    setView({ flow: best });
    moveBlocks(layOut(next, best));
    requestAnimationFrame(() => requestAnimationFrame(fit));
  }, [fit, sceneWith]);

  const move = useCallback(
    (keys: readonly string[], dx: number, dy: number) => {
      const { spotOf } = latest.current.ground;
      const spots = Object.fromEntries(
        keys.map((key) => [key, [spotOf(key)[0] + dx, spotOf(key)[1] + dy] as wire.Spot] as const),
      );
      moveBlocks({ ...missing(), ...spots });
    },
    [missing],
  );

  useEffect(() => {
    // A block has no text for the browser to copy, so the event comes to the page.
    const listen = (event: ClipboardEvent) => {
      const at = document.activeElement;
      if (!event.clipboardData || !box.current?.contains(at) || at?.matches("input, select, textarea"))
        return;
      const { clipboardData: data } = event;
      const taken = event.type === "paste" ? commands.paste(data) : commands.copy(data, event.type === "cut");
      if (taken) event.preventDefault();
    };
    const kinds = ["copy", "cut", "paste"] as const;
    for (const kind of kinds) document.addEventListener(kind, listen);
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, listen);
    };
  }, []);

  const drop = useCallback(
    (entry: Entry, clientX: number, clientY: number) => {
      const pane = box.current?.getBoundingClientRect();
      if (!pane || clientX < pane.left || clientX > pane.right || clientY < pane.top || clientY > pane.bottom)
        return;
      const point = flow.screenToFlowPosition({ x: clientX, y: clientY });
      commands.add(entry, { ...spotAt(latest.current.ground, point), from: null });
    },
    [flow],
  );
  useEffect(() => onReady({ drop }), [onReady, drop]);

  const onNodesChange = useCallback((changes: NodeChange<BlockNodeType>[]) => {
    setNodes((before) =>
      applyNodeChanges(
        changes.filter((one) => one.type !== "select" && one.type !== "remove"),
        before,
      ),
    );
    const selects = changes.filter((one) => one.type === "select");
    if (!selects.length) return;
    const selected = new Set(getView().selected);
    for (const one of selects) {
      if (one.selected) selected.add(keyOf(one.id));
      else selected.delete(keyOf(one.id));
    }
    const last = selects.findLast((one) => one.selected)?.id;
    setView({ selected, ...(last && { current: keyOf(last) }) });
  }, []);
  const onEdgesChange = useCallback((changes: EdgeChange<WireEdgeType>[]) => {
    setEdges((before) =>
      applyEdgeChanges(
        changes.filter((one) => one.type !== "select" && one.type !== "remove"),
        before,
      ),
    );
    const wires = new Set(getView().wires);
    for (const one of changes) {
      if (one.type !== "select") continue;
      if (one.selected) wires.add(one.id);
      else wires.delete(one.id);
    }
    setView({ wires });
  }, []);

  const onDragStop = useCallback(
    (_event: unknown, _node: BlockNodeType, dragged: BlockNodeType[]) => {
      const { ground: now } = latest.current;
      const spots: Record<string, wire.Spot> = {};
      for (const { id: node, position, parentId } of dragged) {
        const id = keyOf(node);
        const rect = now.rects.get(id);
        if (!rect) continue;
        const [dx, dy] = originIn(now, keyOf(parentId ?? ""));
        const [x, y] = now.spotOf(id);
        spots[id] = [Math.round(x + position.x - dx - rect.x), Math.round(y + position.y - dy - rect.y)];
      }
      const changed = Object.entries(spots).some(
        ([id, [x, y]]) => now.spotOf(id)[0] !== x || now.spotOf(id)[1] !== y,
      );
      if (changed) moveBlocks({ ...missing(), ...spots });
    },
    [missing],
  );

  const onClick = useCallback(
    (_: unknown, node: BlockNodeType) => pick(nodeOf(latest.current.told, node.data.box.block)),
    [],
  );
  const onEnter = useCallback(
    (_: unknown, node: BlockNodeType) => hover(nodeOf(latest.current.told, node.data.box.block)),
    [],
  );
  const onConnect = useCallback(({ source, sourceHandle, target, targetHandle }: Connection) => {
    commands.connect(keyOf(source), handleIndex(sourceHandle), keyOf(target), handleIndex(targetHandle));
  }, []);
  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const from = state.fromNode && keyOf(state.fromNode.id);
      if (!from || state.fromHandle?.type !== "source") return;
      const output = handleIndex(state.fromHandle.id);
      if (state.toHandle && state.toNode) {
        if (state.isValid) return;
        refuse(
          commands.whyNotConnect(from, output, keyOf(state.toNode.id), handleIndex(state.toHandle.id)) ||
            "A wire goes from the value of one block to an input of another.",
        );
        return;
      }
      if (state.toNode) return;
      // Let go over nothing: a new block, connected.
      const at = "changedTouches" in event ? event.changedTouches[0] : event;
      if (!at) return;
      const point = flow.screenToFlowPosition({ x: at.clientX, y: at.clientY });
      commands.startAdding({ ...spotAt(latest.current.ground, point), from: { key: from, output } });
    },
    [flow],
  );
  const isValid = useCallback((one: Connection | WireEdgeType) => {
    const [output, argument] = [handleIndex(one.sourceHandle), handleIndex(one.targetHandle)];
    if (output < 0 || argument < 0) return false;
    return commands.whyNotConnect(keyOf(one.source), output, keyOf(one.target), argument) === "";
  }, []);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const target = event.target as HTMLElement;
    if (target.closest("input, select, textarea, .block-menu")) return;
    const key = keyOf(target.closest<HTMLElement>(".react-flow__node")?.dataset.id ?? "");
    const pressed = ["Enter", " "].includes(event.key) && target.closest("button, a") !== null;
    if (pressed) return;
    const done = blockKey(
      {
        scene,
        rects: absolute(ground),
        move,
        fit,
        zoom: (by) => void flow.zoomTo(flow.getZoom() * by, { duration: duration() }),
        layOut: relay,
        reveal,
      },
      key || (scene.byKey.has(view.current) ? view.current : ""),
      event.nativeEvent,
    );
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <>
      <Toolbar onLayOut={relay} onFit={fit} onZoom={(by) => void flow.zoomTo(flow.getZoom() * by)} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the blocks inside come up to here */}
      <div
        className="blocks-stage"
        ref={box}
        tabIndex={-1}
        data-stale={!reading.current || undefined}
        data-far={far || undefined}
        data-linking={view.linking !== null || undefined}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const key = keyOf(
            (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id ?? "",
          );
          if (key && key !== getView().current) setView({ current: key });
        }}
      >
        <ReactFlow<BlockNodeType, WireEdgeType>
          aria-label="The program as blocks"
          nodes={nodes}
          edges={edges}
          nodeTypes={NODES}
          edgeTypes={EDGES}
          onNodesChange={onNodesChange}
          onEdgesChange={onEdgesChange}
          onNodeDragStop={onDragStop}
          onNodeClick={onClick}
          onNodeDoubleClick={onDoubleClick}
          onNodeMouseEnter={onEnter}
          onNodeMouseLeave={onLeave}
          onConnect={onConnect}
          onConnectEnd={onConnectEnd}
          isValidConnection={isValid}
          connectionRadius={28}
          minZoom={0.15}
          maxZoom={2}
          deleteKeyCode={null}
          panActivationKeyCode={null}
          zoomOnDoubleClick={false}
          disableKeyboardA11y
          nodesFocusable={false}
          edgesFocusable={false}
          elevateNodesOnSelect={false}
          nodeDragThreshold={2}
          ariaLabelConfig={WORDS}
        >
          <Background gap={24} />
          {scene.boxes.length >= MAP_FROM && (
            <MiniMap pannable zoomable ariaLabel="Small map of the blocks" />
          )}
        </ReactFlow>
      </div>
    </>
  );
}

function onLeave(): void {
  hover(null);
}

function onDoubleClick(_: unknown, node: BlockNodeType): void {
  const { key, frame, block } = node.data.box;
  if (frame) commands.toggle(key);
  else if (block.kind === "code") commands.showCode(key);
  else commands.startRename(key);
}

function nodeElement(box: HTMLElement | null, key: string): HTMLElement | null {
  return box?.querySelector<HTMLElement>(`.react-flow__node[data-id="${idOf(key)}"]`) ?? null;
}

function pick(node: number | null): void {
  update({ picked: node === null ? null : { kind: "node", node } });
}

function hover(node: number | null): void {
  const next = node === null ? null : ({ kind: "node", node } as const);
  if (JSON.stringify(getState().hovered) !== JSON.stringify(next)) update({ hovered: next });
}

/** The innermost open frame at a point, and the point in its coordinates. */
function spotAt(ground: Ground, point: { x: number; y: number }): { at: wire.Spot; frame: string } {
  const rects = absolute(ground);
  let frame = "";
  for (const { key, open } of ground.scene.boxes) {
    const rect = open ? rects.get(key) : undefined;
    if (!rect) continue;
    const inside =
      point.x >= rect.x &&
      point.x <= rect.x + rect.width &&
      point.y >= rect.y &&
      point.y <= rect.y + rect.height;
    if (inside) frame = key;
  }
  const rect = rects.get(frame);
  const [dx, dy] = originIn(ground, frame);
  const at: wire.Spot = rect ? [point.x - rect.x - dx, point.y - rect.y - dy] : [point.x, point.y];
  return { at: [Math.round(at[0]), Math.round(at[1])], frame };
}
