/** Blocks: the way to write the program without typing. Loaded when it is first chosen. */
import { ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { useReading } from "../document/read";
import type * as wire from "../protocol.gen";
import { update } from "../store";
import "./box.css";
import "./frame.css";
import "./blocks.css";
import { Canvas, type Handle } from "./canvas";
import { commands } from "./commands";
import { Menu } from "./menu";
import { type Entry, usePalette } from "./palette";
import { loadWriter } from "./queue";
import { useView } from "./state";

/** Pixels of the pane from which on the palette stands beside the blocks. */
const ROOM = 640;

interface Size {
  readonly width: number;
  readonly height: number;
}

function useSize(): [(element: HTMLElement | null) => void, Size] {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [element, setElement] = useState<HTMLElement | null>(null);
  useEffect(() => {
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [element]);
  return [setElement, size];
}

/** The program's own classes, which can be put in as any layer can. */
function ownOf(document: wire.Document | null): readonly Entry[] {
  return (document?.blocks ?? [])
    .filter((block) => block.kind === "class")
    .map((block) => ({
      type: block.type,
      kind: "module",
      section: "This program",
      title: block.type,
      doc: `The class ${block.type} of this program.`,
      parameters: [{ name: "x", wire: true, required: true }],
    }));
}

export default function Blocks() {
  const reading = useReading();
  const palette = usePalette();
  const [box, size] = useSize();
  const adding = useView((view) => view.adding !== null);
  const said = useView((view) => view.said);
  const handle = useRef<Handle | null>(null);
  const { document, problem, line } = reading;
  const own = useMemo(() => ownOf(document), [document]);
  const ready = document !== null && palette.length > 0 && size.width > 0;
  const empty = ready && document.blocks.length === 0;
  const beside = size.width >= ROOM;
  // By the time a hand has reached a block, it is there.
  useEffect(() => {
    if (ready) loadWriter();
  }, [ready]);
  return (
    <div className="blocks" ref={box}>
      <div className="unseen" role="status" aria-live="polite">
        {said}
      </div>
      {ready && (beside || adding) && (
        <Menu own={own} sheet={!beside} onDrop={(entry, x, y) => handle.current?.drop(entry, x, y)} />
      )}
      <div className="blocks-main">
        {problem && (
          <p className="blocks-problem" role="alert">
            {line > 0 ? `Line ${line}: ` : ""}
            {problem} {document && "The blocks are those of the text before."}
          </p>
        )}
        {ready && (
          <ReactFlowProvider>
            <Canvas
              reading={{ ...reading, document }}
              size={size}
              onReady={(next) => {
                handle.current = next;
              }}
            />
          </ReactFlowProvider>
        )}
        {empty && (
          <div className="blocks-empty">
            <p>Blocks that are added here become lines of the program.</p>
            <div>
              <button type="button" className="primary" onClick={() => commands.startAdding()}>
                Add a block
              </button>
              <button type="button" className="outlined" onClick={() => update({ overlay: "examples" })}>
                Open an example
              </button>
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
