/** The timeline's place on the page; the element is framework-free. */
import { useLayoutEffect, useRef } from "react";
import { NOTHING } from "../moment";
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
      if (state.shown?.id !== seen?.shown?.id) timeline.pause();
      if (state.shown?.graph !== seen?.shown?.graph) timeline.recording = state.shown?.graph ?? NOTHING.graph;
      if (state.time !== seen?.time) timeline.time = state.time;
      seen = state;
    };
    const onTime = (event: Event) =>
      update({ time: (event as CustomEvent<{ time: number | null }>).detail.time });
    timeline.addEventListener("timechange", onTime);
    sync();
    const undo = subscribe(sync);
    return () => {
      undo();
      timeline.remove();
    };
  }, []);
  return <section className="timeline" aria-label="Timeline" ref={box} hidden={empty} />;
}
