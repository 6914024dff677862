/** A stored session inside another page: its code, graph and output, and the way to the playground. Nothing runs. */
import { lazy, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { boot } from "./boot";
import { mountEditor } from "./editor/editor";
import { GraphPanel } from "./panels/graph";
import { OutputPanel } from "./panels/output";
import { Part } from "./parts/part";
import { Tabs } from "./parts/tabs";
import { Timeline } from "./parts/timeline";
import { useStore } from "./store";

const SeenTraining = lazy(() =>
  import("./panels/training/training").then((panel) => ({ default: panel.SeenTraining })),
);

type View = "code" | "graph" | "output" | "training";

const TABS = [
  { id: "code", label: "Code" },
  { id: "graph", label: "Graph" },
  { id: "output", label: "Output" },
  { id: "training", label: "Training" },
] as const;

export function OpenInPlayground() {
  return (
    <a className="embed-open" href={`/s/${boot.session?.id ?? ""}`} target="_blank" rel="noopener">
      Open in playground
    </a>
  );
}

/** `aside` is what stands at the right of the title. */
export function Embed({ aside }: { aside: ReactNode }) {
  const codeless = useStore((state) => state.draft.code === "");
  const title = useStore((state) => state.draft.title);
  const graphed = useStore((state) => (state.shown?.graph.nodes.length ?? 0) > 0);
  const trained = useStore((state) => (state.shown?.training.step ?? 0) > 0);
  const [view, setView] = useState<View>(graphed ? "graph" : "output");
  const code = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => (code.current ? mountEditor(code.current, true) : undefined), []);
  return (
    <div className="page embed" data-view={view} data-codeless={codeless || undefined}>
      <header className="bar">
        <h1 className="embed-title">{title}</h1>
        {aside}
      </header>
      <nav aria-label="Views">
        <Tabs
          label="Views"
          tabs={trained ? TABS : TABS.slice(0, 3)}
          current={view}
          onPick={setView}
          controls={(id) => `embed-${id}`}
        />
      </nav>
      <main className="embed-main">
        <section
          className="embed-code editor"
          id="embed-code"
          role="tabpanel"
          aria-labelledby="tab-embed-code"
          ref={code}
        />
        <section className="embed-graph" id="embed-graph" role="tabpanel" aria-labelledby="tab-embed-graph">
          <h2 className="unseen">Graph</h2>
          <GraphPanel />
        </section>
        <section
          className="embed-output"
          id="embed-output"
          role="tabpanel"
          aria-labelledby="tab-embed-output"
        >
          <h2 className="unseen">Output</h2>
          <OutputPanel />
        </section>
        {trained && (
          <section
            className="embed-training"
            id="embed-training"
            role="tabpanel"
            aria-labelledby="tab-embed-training"
          >
            <h2 className="unseen">Training</h2>
            {view === "training" && (
              <Part name="the training">
                <SeenTraining />
              </Part>
            )}
          </section>
        )}
      </main>
      <Timeline />
    </div>
  );
}
