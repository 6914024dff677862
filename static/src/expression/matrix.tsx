/** A matrix as a grid of numbers, and tensors of random numbers. */
import { type KeyboardEvent, useRef } from "react";
import { formatNumber, type Num } from "../numbers";
import { firstNumbers, gridOf, type Input, MOST_CELLS, splice, written } from "./inputs";
import { inputIn, NumberField } from "./number";
import { change, type Edit } from "./program";

interface MatrixProps {
  readonly name: string;
  readonly index: number;
  readonly input: Extract<Input, { kind: "matrix" }>;
  readonly grads: readonly Num[];
}

function setCell(index: number, row: number, column: number, value: number): Edit {
  return (sheet) => {
    const place = inputIn(sheet, index, "matrix")?.rows[row]?.[column];
    return place ? splice(sheet.text, { at: place, insert: written(value) }) : sheet.text;
  };
}

/** The rows of a grid of another size: what is there stays. */
export function resized(rows: readonly (readonly number[])[], height: number, width: number): number[][] {
  const fresh = firstNumbers(height * width);
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (_, j) => rows[i]?.[j] ?? fresh[i * width + j] ?? 0),
  );
}

export function MatrixControl({ name, index, input, grads }: MatrixProps) {
  const box = useRef<HTMLTableElement>(null);
  const rows = input.rows.map((row) => row.map((one) => one.value));
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  const most = Math.max(1e-9, ...rows.flat().map(Math.abs));
  const resize = (h: number, w: number) =>
    change((sheet) => {
      const now = inputIn(sheet, index, "matrix");
      if (!now) return sheet.text;
      return splice(sheet.text, { at: now.list, insert: gridOf(resized(rows, h, w)) });
    });
  const key = (row: number, column: number) => (event: KeyboardEvent<HTMLInputElement>) => {
    const field = event.currentTarget;
    const [from, to] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
    const whole = from === 0 && to === field.value.length;
    const step = {
      Enter: [1, 0],
      ArrowLeft: whole || (from === 0 && to === 0) ? [0, -1] : null,
      ArrowRight: whole || (from === to && to === field.value.length) ? [0, 1] : null,
    }[event.key];
    if (!step || event.shiftKey || event.ctrlKey || event.metaKey) return;
    const next =
      box.current?.rows[row + (step[0] ?? 0)]?.cells[column + (step[1] ?? 0)]?.querySelector("input");
    if (!next) return;
    // Enter takes the number first, as leaving the field does.
    if (event.key !== "Enter") event.preventDefault();
    queueMicrotask(() => {
      next.focus();
      next.select();
    });
  };
  return (
    <div className="ex-matrix">
      <div className="ex-grid-scroll">
        <table className="ex-grid" ref={box} aria-label={`${name}, ${height} rows and ${width} columns`}>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {row.map((value, j) => {
                  const grad = grads.length === height * width ? grads[i * width + j] : undefined;
                  const share = Math.round((Math.abs(value) / most) * 45);
                  return (
                    <td
                      key={j}
                      style={{
                        background: `color-mix(in srgb, var(${value < 0 ? "--div-n1" : "--div-p1"}) ${share}%, transparent)`,
                      }}
                    >
                      <NumberField
                        label={`${name}[${i}, ${j}]`}
                        value={value}
                        text={written(value).replace(/\.0$/, "")}
                        step={0.1}
                        set={(next) => change(setCell(index, i, j, next))}
                        onKey={key(i, j)}
                      />
                      {grad !== undefined && <span className="grad number">{formatNumber(grad)}</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="ex-range-fields">
        <span className="ex-field">
          rows
          <NumberField
            label={`Rows of ${name}`}
            value={height}
            text={String(height)}
            step={1}
            set={(next) => resize(Math.min(MOST_CELLS, Math.max(1, Math.round(next))), width)}
          />
        </span>
        <span className="ex-field">
          columns
          <NumberField
            label={`Columns of ${name}`}
            value={width}
            text={String(width)}
            step={1}
            set={(next) => resize(height, Math.min(MOST_CELLS, Math.max(1, Math.round(next))))}
          />
        </span>
      </div>
    </div>
  );
}

export function RandomControl({
  name,
  index,
  input,
}: {
  name: string;
  index: number;
  input: Extract<Input, { kind: "random" }>;
}) {
  const seed = (value: number) =>
    change((sheet) => {
      const now = inputIn(sheet, index, "random");
      if (!now) return sheet.text;
      const text = String(Math.max(0, Math.min(2 ** 31, Math.round(value))));
      if (now.seed) return splice(sheet.text, { at: now.seed, insert: text });
      const at = { from: now.shapeAt.to, to: now.shapeAt.to };
      return splice(sheet.text, { at, insert: `, generator=torch.Generator().manual_seed(${text})` });
    });
  const shape = (text: string) =>
    change((sheet) => {
      const now = inputIn(sheet, index, "random");
      return now ? splice(sheet.text, { at: now.shapeAt, insert: text }) : sheet.text;
    });
  const how = (next: string) =>
    change((sheet) => {
      const now = inputIn(sheet, index, "random");
      const entry = sheet.entries[index];
      if (!now || entry?.kind !== "input") return sheet.text;
      const at = sheet.text.indexOf(now.how, entry.value.from);
      return splice(sheet.text, { at: { from: at, to: at + now.how.length }, insert: next });
    });
  return (
    <div className="ex-range-fields">
      <span className="ex-field">
        shape
        <input
          key={input.shape.join()}
          className="field number"
          aria-label={`Shape of ${name}`}
          defaultValue={input.shape.join(", ")}
          autoComplete="off"
          onBlur={(event) => {
            const sizes = event.currentTarget.value
              .split(/[\s,×x()]+/)
              .filter(Boolean)
              .map(Number);
            const good =
              sizes.length > 0 &&
              sizes.every((one) => Number.isInteger(one) && one > 0) &&
              sizes.reduce((a, b) => a * b, 1) <= 1e6;
            event.currentTarget.setAttribute("aria-invalid", String(!good));
            if (good && sizes.join() !== input.shape.join()) shape(sizes.join(", "));
          }}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      </span>
      <span className="ex-field">
        numbers
        <select
          aria-label={`Distribution of ${name}`}
          value={input.how}
          onChange={(event) => how(event.currentTarget.value)}
        >
          <option value="randn">normal</option>
          <option value="rand">0 to 1</option>
        </select>
      </span>
      <span className="ex-field">
        seed
        <NumberField
          label={`Seed of ${name}`}
          value={input.seed?.value ?? 0}
          text={input.seed ? String(input.seed.value) : "of the run"}
          step={1}
          set={seed}
        />
      </span>
      <button type="button" className="outlined" onClick={() => seed((input.seed?.value ?? 0) + 1)}>
        Other numbers
      </button>
    </div>
  );
}
