/** The timeline's place on the page; the element is framework-free. */
import { useLayoutEffect, useRef } from "react";
import { getState, type State, subscribe, update, useStore } from "../store";

export function Timeline() {
  const box = useRef<HTMLDivElement>(null);
  const empty = useStore((state) => (state.shown?.graph.nodes.length ?? 0) === 0);
  useLayoutEffect(() => {
    const timeline = document.createElement("autograd-timeline");
    box.current?.append(timeline);
    let seen: State | null = null;
    const sync = () => {
      const state = getState();
      const graph = state.shown?.graph ?? { nodes: [], steps: [] };
      if (state.shown?.graph !== seen?.shown?.graph) timeline.recording = graph;
      if (state.time !== seen?.time) timeline.step = state.time;
      seen = state;
    };
    const onStep = (event: Event) => {
      const { step, node } = (event as CustomEvent<{ step: number | null; node: number | null }>).detail;
      update({ time: step, hovered: node === null ? null : { kind: "node", node } });
    };
    timeline.addEventListener("stepchange", onStep);
    sync();
    const undo = subscribe(sync);
    return () => {
      undo();
      timeline.remove();
    };
  }, []);
  return <section className="timeline" aria-label="Timeline" ref={box} hidden={empty} />;
}
