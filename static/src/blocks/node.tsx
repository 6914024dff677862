/** How a block looks: its name, where wires come in, settings, what it makes, and what a run says of it. */
import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo, useEffect, useRef, useState } from "react";
import { GRAD, glyph, type Tone, VALUE } from "../graph/glyphs";
import { isLabel, type Prim, roundRect } from "../graph/prims";
import { brief, formatShape, plural } from "../numbers";
import { Icon } from "../parts/icons";
import type * as wire from "../protocol.gen";
import { type Box, CELL, type Flow, HEADER, type Out, type Row, shapeText } from "./boxes";
import { commands } from "./commands";
import { Field } from "./field";
import { FRAME_IN, FRAME_OUT, inHandle, outHandle } from "./scene";
import type { Live, Weight } from "./telling";

export interface BlockData extends Record<string, unknown> {
  readonly box: Box;
  readonly flow: Flow;
  readonly live: Live | null;
  /** Tab comes to it and to its settings. */
  readonly current: boolean;
  readonly lit: "" | "picked" | "hovered";
  /** The argument that a wire being made with the keyboard would go to, or -1. */
  readonly linked: number;
  readonly renaming: boolean;
}

const ENDS = {
  down: { into: Position.Top, out: Position.Bottom },
  right: { into: Position.Left, out: Position.Right },
} as const;

/** What a run says of a block, in words. */
export function sayLive(live: Live | null): string {
  if (!live) return "";
  const value = live.value ? `, value ${brief(live.value, live.dtype)}` : "";
  const grad = live.grad ? `, gradient ${brief(live.grad)}` : "";
  const weights = live.weights.map(
    (one) => `, ${one.name} ${one.value}${one.grad ? `, its gradient ${one.grad}` : ""}`,
  );
  return value + grad + (live.failed ? ", failed here" : "") + weights.join("");
}

/** A block as it is read out. */
export function describe(box: Box, live: Live | null): string {
  const parts = [box.name ? `${box.title} ${box.name}` : box.title];
  if (box.frame)
    parts.push(
      `${box.inside} ${box.inside === 1 ? "block" : "blocks"} inside, ${box.open ? "open" : "closed"}`,
    );
  const open = box.ports.filter((port) => port.open).map((port) => port.name);
  if (open.length) parts.push(`to be connected: ${open.join(", ")}`);
  const shapes = box.outs.flatMap((out) => (out.shape ? [formatShape(out.shape)] : []));
  if (shapes.length) parts.push(`makes ${shapes.join(" and ")}`);
  if (box.why) parts.push(box.why);
  if (box.wrong) parts.push(`does not fit: ${box.wrong}`);
  return parts.join(", ") + sayLive(live);
}

function Port({ port, flow, linked }: { port: Row; flow: Flow; linked: boolean }) {
  const state = port.wired ? "wired" : port.open ? "open" : "free";
  return (
    <span
      className="block-port"
      data-state={state}
      data-linked={linked || undefined}
      title={port.doc || port.name}
    >
      <Handle type="target" id={inHandle(port.index)} position={ENDS[flow].into} aria-hidden="true" />
      <span className="block-port-name">{port.name}</span>
    </span>
  );
}

function OutEnd({ out, flow, named }: { out: Out; flow: Flow; named: boolean }) {
  return (
    <span className="block-out">
      {named && (
        <span className="block-out-name">
          {out.name} {out.shape ? formatShape(out.shape) : ""}
        </span>
      )}
      <Handle type="source" id={outHandle(out.index)} position={ENDS[flow].out} aria-hidden="true" />
    </span>
  );
}

/** Value and gradient as the graph draws them, in cells that are there before anything is in them. */
const LiveCells = memo(function LiveCells({ live, width }: { live: Live | null; width: number }) {
  const both = live === null || live.wantsGrad || live.grad !== null;
  const each = both ? (width - CELL_GAP) / 2 : width;
  const cell = (values: wire.Values | null | undefined, dtype: string, x: number, tone: Tone) =>
    values ? (
      glyph(values, dtype, x, 0, each, CELL, tone).map(drawn)
    ) : (
      <path key={`none-${x}`} d={roundRect(x + 0.5, 0.5, each - 1, CELL - 1, 3)} className="block-none" />
    );
  return (
    <svg className="block-live" width={width} height={CELL} aria-hidden="true">
      {live?.value && (
        <title>{`value ${brief(live.value, live.dtype)}${live.grad ? `, gradient ${brief(live.grad)}` : ""}`}</title>
      )}
      {cell(live?.value, live?.dtype ?? "", 0, VALUE)}
      {both && cell(live?.grad, live?.dtype ?? "", each + CELL_GAP, GRAD)}
    </svg>
  );
});

const CELL_GAP = 6;

function drawn(prim: Prim, index: number) {
  if (isLabel(prim)) {
    return (
      <text
        key={index}
        x={prim.x}
        y={prim.y}
        className={`block-${prim.font}`}
        fill={`var(--${prim.ink})`}
        textAnchor="middle"
      >
        {prim.text}
      </text>
    );
  }
  return (
    <path
      key={index}
      d={prim.d}
      fill={prim.fill ? `var(--${prim.fill})` : "none"}
      stroke={prim.stroke ? `var(--${prim.stroke})` : "none"}
      strokeWidth={prim.width}
      strokeDasharray={prim.dash}
    />
  );
}

/** The name of a block while it is written. */
function Rename({ box }: { box: Box }) {
  const [text, setText] = useState(box.name || box.title);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const leave = (name: string | null) => {
    commands.rename(box.key, name);
    input.current?.closest<HTMLElement>(".react-flow__node")?.focus();
  };
  return (
    <input
      ref={input}
      className="nodrag block-field block-rename"
      aria-label={`New name of ${box.name || box.title}`}
      spellCheck={false}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={() => commands.rename(box.key, text)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        leave(event.key === "Enter" ? text : null);
      }}
    />
  );
}

function Head({ data }: { data: BlockData }) {
  const { box, renaming, current } = data;
  const expanded = box.settings.some((row) => !row.given && !row.required);
  return (
    <div className="block-head" style={{ height: HEADER }} title={box.doc}>
      {box.frame && (
        <button
          type="button"
          className="quiet block-toggle nodrag"
          aria-label={`${box.open ? "Close" : "Open"} ${box.title}`}
          aria-expanded={box.open}
          tabIndex={current ? 0 : -1}
          onClick={() => commands.toggle(box.key)}
        >
          <Icon name={box.open ? "opened" : "closed"} />
        </button>
      )}
      {renaming ? (
        <Rename box={box} />
      ) : (
        <>
          <span className="block-title">{box.title}</span>
          {box.name && <span className="block-name">{box.name}</span>}
          <span className="block-shape">{box.frame ? plural(box.inside, "block") : shapeText(box.outs)}</span>
        </>
      )}
      {box.open &&
        box.settings.map((row) => <Setting key={row.index} box={box} row={row} reachable={current} />)}
      {box.hidden > 0 && !box.frame && (
        <button
          type="button"
          className="quiet block-more nodrag"
          aria-label={`${expanded ? "Fewer settings" : plural(box.hidden, "more setting")} of ${box.name || box.title}`}
          aria-expanded={expanded}
          title={expanded ? "Fewer settings" : plural(box.hidden, "more setting")}
          tabIndex={current ? 0 : -1}
          onClick={() => commands.expand(box.key)}
        >
          <Icon name="more" />
        </button>
      )}
    </div>
  );
}

function Setting({ box, row, reachable }: { box: Box; row: Row; reachable: boolean }) {
  return (
    <div className="block-setting" title={row.doc}>
      <span className="block-setting-name">{row.name}</span>
      <Field
        row={row}
        of={box.name || box.title}
        reachable={reachable}
        onSet={(text) => commands.set(box.key, row, text)}
      />
    </div>
  );
}

function Code({ box }: { box: Box }) {
  return (
    <div className="block-code">
      {box.why && <p className="block-why">{box.why}</p>}
      <pre>{box.lines.join("\n")}</pre>
      {box.moreLines > 0 && <p className="block-why">{`… ${box.moreLines} more`}</p>}
    </div>
  );
}

/** The weights of a layer that is selected, beside it: what is there only then moves nothing. */
function Weights({ of }: { of: readonly Weight[] }) {
  return (
    <table className="block-weights" aria-hidden="true">
      <tbody>
        {of.map(({ name, shape, value, grad }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{formatShape(shape)}</td>
            <td className="wire-value">{value}</td>
            <td className="wire-grad">{grad && `∇ ${grad}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const BlockNode = memo(function BlockNode({ data, selected }: NodeProps & { data: BlockData }) {
  const { box, flow, live, current, linked } = data;
  const closed = box.frame && !box.open;
  return (
    <div
      className="block-box"
      data-kind={box.block.kind}
      data-flow={flow}
      data-wrong={Boolean(box.wrong) || undefined}
      data-failed={live?.failed || undefined}
      data-active={live?.active || undefined}
      data-lit={data.lit || undefined}
      style={{ width: box.width, height: box.height }}
    >
      {closed && (
        <Handle
          type="target"
          id={FRAME_IN}
          position={ENDS[flow].into}
          isConnectable={false}
          aria-hidden="true"
        />
      )}
      {closed && (
        <Handle
          type="source"
          id={FRAME_OUT}
          position={ENDS[flow].out}
          isConnectable={false}
          aria-hidden="true"
        />
      )}
      <Head data={data} />
      {box.ports.length > 0 && !closed && (
        <div className="block-ports" data-named={box.ports.length > 1 || undefined}>
          {box.ports.map((port) => (
            <Port key={port.index} port={port} flow={flow} linked={linked === port.index} />
          ))}
        </div>
      )}
      {box.block.kind === "code" && <Code box={box} />}
      {box.block.kind !== "code" &&
        !closed &&
        box.settings.map((row) => <Setting key={row.index} box={box} row={row} reachable={current} />)}
      {box.why && box.block.kind !== "code" && <p className="block-why block-note">{box.why}</p>}
      {box.wrong && !closed && (
        <p className="block-wrong" title={box.wrong}>
          {box.wrong}
        </p>
      )}
      {box.outs.length > 0 && !closed && (
        <div className="block-foot">
          <div className="block-outs" data-named={box.outs.length > 1 || undefined}>
            {box.outs.map((out) => (
              <OutEnd key={out.index} out={out} flow={flow} named={box.outs.length > 1} />
            ))}
          </div>
          {box.cells && <LiveCells live={live} width={box.width - 22} />}
        </div>
      )}
      {selected && live && live.weights.length > 0 && <Weights of={live.weights} />}
    </div>
  );
});

/** What holds others and is open: a line around them and a title to grab it by. */
export const FrameNode = memo(function FrameNode({ data, width, height }: NodeProps & { data: BlockData }) {
  const { box, flow, lit } = data;
  return (
    <div
      className="frame"
      data-flow={flow}
      data-kind={box.block.kind}
      data-lit={lit || undefined}
      data-wrong={Boolean(box.wrong) || undefined}
      style={{ width, height }}
    >
      <Head data={data} />
      {box.ports
        .filter((port) => box.block.kind === "train" && port.wired)
        .map((port) => (
          <Handle
            key={port.index}
            type="target"
            id={inHandle(port.index)}
            position={ENDS[flow].into}
            isConnectable={false}
            aria-hidden="true"
          />
        ))}
      {box.block.kind === "train" && (
        <div className="frame-outs">
          {box.outs.map((out) => (
            <OutEnd key={out.index} out={out} flow={flow} named />
          ))}
        </div>
      )}
      {box.wrong && (
        <p className="block-wrong" title={box.wrong}>
          {box.wrong}
        </p>
      )}
    </div>
  );
});
