/** The page: bar, code, results, timeline, and what floats above them. */
import { type ComponentType, lazy, useEffect, useLayoutEffect, useRef } from "react";
import { focusEditor } from "./actions/editor";
import { mountEditor } from "./editor/editor";
import { GraphPanel } from "./panels/graph";
import { OutputPanel } from "./panels/output";
import { Bar, doAction } from "./parts/bar";
import { Drop } from "./parts/drop";
import { Examples } from "./parts/examples";
import { Icon, type IconName } from "./parts/icons";
import { Palette } from "./parts/palette";
import { Part } from "./parts/part";
import { ShareDialog } from "./parts/share";
import { Split } from "./parts/split";
import { type Tab, Tabs } from "./parts/tabs";
import { Timeline } from "./parts/timeline";
import { showPanel, showWay } from "./program";
import { isActive } from "./run";
import { type Panel, type State, update, useStore, type Way } from "./store";

const TrainingPanel = lazy(() => import("./panels/training/training"));
const GradientsPanel = lazy(() => import("./panels/gradients"));
const ProfilerPanel = lazy(() => import("./panels/profiler"));
const JacobianPanel = lazy(() => import("./panels/jacobian"));
const Blocks = lazy(() => import("./blocks"));
const Expression = lazy(() => import("./expression"));
const DataDialog = lazy(() => import("./data/dialog"));
const Shortcuts = lazy(() => import("./parts/shortcuts"));

const TABS: readonly (Tab<Panel> & { icon: IconName; short?: string })[] = [
  { id: "graph", label: "Graph", icon: "graph" },
  { id: "output", label: "Output", icon: "output" },
  { id: "training", label: "Training", icon: "training", short: "Train" },
  { id: "gradients", label: "Gradients", icon: "gradients", short: "Grads" },
  { id: "profiler", label: "Profiler", icon: "profiler", short: "Profile" },
  { id: "jacobian", label: "Jacobian", icon: "jacobian" },
];

const hasErrors = (state: State) => state.shown?.items.some((item) => item.kind === "error") ?? false;

/** Whether the text was changed after the run whose results are shown. */
const isStale = (state: State) => state.shown !== null && state.shown.code !== state.draft.code;

/** Whether the text as it is runs already but has shown nothing yet. */
const isWaiting = ({ run, shown, draft }: State) =>
  isActive(run) && run?.id !== shown?.id && run?.code === draft.code;

/** The ways to write the program; each is loaded when it is first chosen. */
const WAYS: readonly (Tab<Way> & { readonly Pane?: ComponentType })[] = [
  { id: "code", label: "Code" },
  { id: "blocks", label: "Blocks", Pane: Blocks },
  { id: "expression", label: "Expression", Pane: Expression },
];

function Editor() {
  const box = useRef<HTMLDivElement>(null);
  const stale = useStore(isStale);
  useLayoutEffect(() => (box.current ? mountEditor(box.current) : undefined), []);
  return <div className={stale ? "editor editor-stale" : "editor"} ref={box} />;
}

/** The program, as code, as blocks or as expressions. */
function Program() {
  const way = useStore((state) => state.way);
  const stale = useStore(isStale);
  const waiting = useStore(isWaiting);
  const shown = WAYS.find((one) => one.id === way) ?? WAYS[0];
  return (
    <section className="code" aria-label="Program" id="pane-code">
      <div className="pane-head">
        <h2 className="unseen">Program</h2>
        <Tabs
          label="Write as"
          tabs={WAYS}
          current={shown?.id ?? way}
          onPick={showWay}
          controls={(id) => `way-${id}`}
        />
        {stale && (
          <span className="stale">
            {waiting ? "Results are from the run before" : "Results are from the text before your changes"}
          </span>
        )}
      </div>
      {/* The editor stays while another way is in view: every edit goes through it, and into its history. */}
      <div
        className="way"
        id="way-code"
        role="tabpanel"
        aria-labelledby="tab-way-code"
        hidden={shown?.Pane !== undefined}
      >
        <Editor />
      </div>
      {shown?.Pane && (
        <div
          className="way"
          id={`way-${shown.id}`}
          role="tabpanel"
          aria-labelledby={`tab-way-${shown.id}`}
          key={shown.id}
        >
          <Part name={`the ${shown.label.toLowerCase()}`}>
            <shown.Pane />
          </Part>
        </div>
      )}
    </section>
  );
}

function Results() {
  const panel = useStore((state) => state.panel);
  const errors = useStore(hasErrors);
  const tabs = TABS.map(({ icon: _, ...tab }) => ({
    ...tab,
    mark: tab.id === "output" && errors ? ("error" as const) : undefined,
  }));
  return (
    <section className="results" aria-label="Results">
      <h2 className="unseen">Results</h2>
      <Tabs label="Results" tabs={tabs} current={panel} onPick={showPanel} controls={(id) => `panel-${id}`} />
      {/* The graph keeps its place and zoom while another panel is looked at. */}
      <div
        className="panel"
        id="panel-graph"
        role="tabpanel"
        aria-labelledby="tab-panel-graph"
        hidden={panel !== "graph"}
      >
        <Part name="the graph">
          <GraphPanel />
        </Part>
      </div>
      {panel !== "graph" && (
        <div
          className="panel"
          id={`panel-${panel}`}
          role="tabpanel"
          aria-labelledby={`tab-panel-${panel}`}
          key={panel}
        >
          <Part name={`the ${TABS.find((tab) => tab.id === panel)?.label} panel`}>
            {panel === "output" && <OutputPanel />}
            {panel === "training" && <TrainingPanel />}
            {panel === "gradients" && <GradientsPanel />}
            {panel === "profiler" && <ProfilerPanel />}
            {panel === "jacobian" && <JacobianPanel />}
          </Part>
        </div>
      )}
    </section>
  );
}

/** On a phone: one bar of tabs at the bottom, the code among them. */
function PhoneTabs() {
  const panel = useStore((state) => state.panel);
  const pane = useStore((state) => state.pane);
  return (
    <nav className="phone-tabs" aria-label="Panels">
      <button type="button" aria-current={pane === "code"} onClick={() => update({ pane: "code" })}>
        <Icon name="code" />
        Code
      </button>
      {TABS.map((tab) => (
        <button
          type="button"
          key={tab.id}
          aria-current={pane === "result" && panel === tab.id}
          onClick={() => showPanel(tab.id)}
        >
          <Icon name={tab.icon} />
          {tab.short ?? tab.label}
        </button>
      ))}
    </nav>
  );
}

function Toast() {
  const toast = useStore((state) => state.toast);
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(() => update({ toast: "" }), 3000 + 60 * toast.length);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div className="toast-place" role="status" aria-live="polite">
      {toast && <p className="toast">{toast}</p>}
    </div>
  );
}

function Overlays() {
  const overlay = useStore((state) => state.overlay);
  if (overlay === "palette") return <Palette />;
  if (overlay === "examples") return <Examples />;
  if (overlay === "share") return <ShareDialog />;
  if (overlay === "data")
    return (
      <Part name="the data">
        <DataDialog />
      </Part>
    );
  if (overlay === "shortcuts")
    return (
      <Part name="the keys">
        <Shortcuts />
      </Part>
    );
  return null;
}

/** The first two stops of Tab: past the bar. */
function SkipLinks() {
  return (
    <nav className="skip" aria-label="Skip to">
      <button type="button" className="outlined" onClick={() => doAction(focusEditor)}>
        Go to the code
      </button>
      <button type="button" className="outlined" onClick={goToResults}>
        Go to the results
      </button>
    </nav>
  );
}

function goToResults(): void {
  update({ pane: "result" });
  requestAnimationFrame(() => {
    const tabs = document.querySelectorAll<HTMLElement>(
      ".results [role=tab][aria-selected=true], .phone-tabs [aria-current=true]",
    );
    [...tabs].find((tab) => tab.offsetParent)?.focus();
  });
}

export function App() {
  const pane = useStore((state) => state.pane);
  return (
    <div className="page" data-pane={pane}>
      <SkipLinks />
      <Bar />
      <main className="work">
        <h1 className="unseen">Autograd playground</h1>
        <Split left={<Program />} right={<Results />} />
      </main>
      <Timeline />
      <PhoneTabs />
      <Overlays />
      <Drop />
      <Toast />
    </div>
  );
}
