/** A vector as points that are dragged up and down, or as numbers from one to another. */
import { type PointerEvent, useRef } from "react";
import { formatNumber, type Num } from "../numbers";
import { tickText } from "./contours";
import {
  firstNumbers,
  type Input,
  listOf,
  MOST_POINTS,
  reachOf,
  rounded,
  splice,
  stepOf,
  written,
} from "./inputs";
import { inputIn, NumberField } from "./number";
import { change, type Edit, useGesture, useRange } from "./program";

const HEIGHT = 108;
/** Room for a number above the highest point, and below the lowest. */
const PAD = 20;

function setPoint(index: number, at: number, value: number): Edit {
  return (sheet) => {
    const place = inputIn(sheet, index, "vector")?.values[at];
    return place ? splice(sheet.text, { at: place, insert: written(value) }) : sheet.text;
  };
}

function setList(index: number, values: readonly number[]): Edit {
  return (sheet) => {
    const input = inputIn(sheet, index, "vector");
    return input ? splice(sheet.text, { at: input.list, insert: listOf(values) }) : sheet.text;
  };
}

interface Props {
  readonly name: string;
  readonly index: number;
  readonly input: Extract<Input, { kind: "vector" }>;
  readonly grads: readonly Num[];
}

export function VectorControl({ name, index, input, grads }: Props) {
  const values = input.values.map((one) => one.value);
  const range = useRange(name, 0, reachOf(values), "points");
  const [low, high] = [Math.min(range.low, ...values), Math.max(range.high, ...values)];
  const step = stepOf(low, high);
  const { move, ends } = useGesture();
  const box = useRef<SVGSVGElement>(null);
  const held = useRef(-1);
  const width = Math.max(160, Math.min(420, 40 * values.length));
  const x = (i: number) => ((i + 0.5) / values.length) * width;
  const y = (value: number) => PAD + ((high - value) / (high - low)) * (HEIGHT - 2 * PAD);
  const drag = (event: PointerEvent<SVGSVGElement>) => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect || held.current < 0) return;
    const part = ((event.clientY - rect.top) / rect.height) * HEIGHT;
    const value = high - ((part - PAD) / (HEIGHT - 2 * PAD)) * (high - low);
    move(setPoint(index, held.current, rounded(Math.min(high, Math.max(low, value)), step)));
  };
  const resize = (count: number) =>
    change(setList(index, [...values, ...firstNumbers(count).slice(values.length)].slice(0, count)));
  return (
    <div className="ex-vector">
      <svg
        ref={box}
        className="ex-points"
        viewBox={`0 0 ${width} ${HEIGHT}`}
        style={{ maxWidth: width }}
        onPointerDown={(event) => {
          const rect = event.currentTarget.getBoundingClientRect();
          const at = Math.floor(((event.clientX - rect.left) / rect.width) * values.length);
          held.current = Math.min(values.length - 1, Math.max(0, at));
          event.currentTarget.setPointerCapture(event.pointerId);
          event.currentTarget.querySelectorAll<SVGGElement>("[role=slider]")[held.current]?.focus();
          event.preventDefault();
          drag(event);
        }}
        onPointerMove={drag}
        onPointerUp={() => {
          held.current = -1;
          ends.onPointerUp?.();
        }}
        onLostPointerCapture={() => {
          held.current = -1;
          ends.onPointerUp?.();
        }}
      >
        <title>{`${name}: ${values.length} points`}</title>
        <line
          className="ex-zero"
          x1={0}
          x2={width}
          y1={y(Math.min(high, Math.max(low, 0)))}
          y2={y(Math.min(high, Math.max(low, 0)))}
        />
        {values.map((value, i) => (
          <g
            key={i}
            role="slider"
            tabIndex={0}
            aria-label={`${name}[${i}]`}
            aria-orientation="vertical"
            aria-valuemin={low}
            aria-valuemax={high}
            aria-valuenow={value}
            className="ex-point"
            onKeyDown={(event) => {
              const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
              if (by) {
                event.preventDefault();
                move(setPoint(index, i, rounded(value + by * step * (event.shiftKey ? 10 : 1), step)));
              }
              const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              if (!to) return;
              event.preventDefault();
              const all = box.current?.querySelectorAll<SVGGElement>("[role=slider]");
              all?.[i + to]?.focus();
            }}
            onKeyUp={ends.onKeyUp}
            onBlur={ends.onBlur}
          >
            <line
              className="ex-stem"
              x1={x(i)}
              x2={x(i)}
              y1={y(Math.min(high, Math.max(low, 0)))}
              y2={y(value)}
            />
            <circle cx={x(i)} cy={y(value)} r={5} />
            <text x={x(i)} y={value < 0 ? y(value) + 18 : y(value) - 9} textAnchor="middle">
              {tickText(value)}
            </text>
          </g>
        ))}
      </svg>
      <div className="ex-list">
        <ListField name={name} values={values} set={(next) => change(setList(index, next))} />
        <button
          type="button"
          className="outlined square"
          aria-label={`One point less in ${name}`}
          disabled={values.length < 2}
          onClick={() => resize(values.length - 1)}
        >
          −
        </button>
        <button
          type="button"
          className="outlined square"
          aria-label={`One point more in ${name}`}
          disabled={values.length >= MOST_POINTS}
          onClick={() => resize(values.length + 1)}
        >
          +
        </button>
      </div>
      {grads.length === values.length && (
        <p className="grad number ex-grads">[{grads.map((one) => formatNumber(one)).join(", ")}]</p>
      )}
    </div>
  );
}

/** Numbers with commas between them. */
export function ListField({
  name,
  values,
  set,
}: {
  name: string;
  values: readonly number[];
  set: (values: number[]) => void;
}) {
  const box = useRef<HTMLInputElement>(null);
  const text = values.map((one) => written(one).replace(/\.0$/, "")).join(", ");
  const take = () => {
    const parts = (box.current?.value ?? "")
      .replace(/[[\]]/g, "")
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(Number);
    const good = parts.length > 0 && parts.length <= MOST_POINTS && parts.every(Number.isFinite);
    box.current?.setAttribute("aria-invalid", String(!good));
    if (good && parts.join() !== values.join()) set(parts);
  };
  return (
    <input
      ref={box}
      key={text}
      className="field number"
      aria-label={`Numbers of ${name}`}
      defaultValue={text}
      autoComplete="off"
      onBlur={take}
      onKeyDown={(event) => event.key === "Enter" && take()}
    />
  );
}

export function RangeControl({
  name,
  index,
  input,
}: {
  name: string;
  index: number;
  input: Extract<Input, { kind: "range" }>;
}) {
  const set = (part: "low" | "high" | "steps", text: string) =>
    change((sheet) => {
      const now = inputIn(sheet, index, "range");
      return now ? splice(sheet.text, { at: now[part], insert: text }) : sheet.text;
    });
  return (
    <div className="ex-range-fields">
      {(["low", "high", "steps"] as const).map((part) => {
        const piece = input[part];
        const label = { low: "from", high: "to", steps: "points" }[part];
        return (
          <span className="ex-field" key={part}>
            {label}
            {piece.value === null ? (
              <code>{piece.text}</code>
            ) : (
              <NumberField
                label={`${name} ${label}`}
                value={piece.value}
                text={part === "steps" ? String(piece.value) : piece.text}
                step={part === "steps" ? 1 : 0.5}
                set={(value) =>
                  part === "steps"
                    ? set(part, String(Math.min(1000, Math.max(1, Math.round(value)))))
                    : set(part, written(value))
                }
              />
            )}
          </span>
        );
      })}
    </div>
  );
}
