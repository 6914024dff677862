/** One input: its name, what kind of tensor it is, its control, and the gradient that reached it. */
import { formatNumber, formatShape } from "../numbers";
import { Icon } from "../parts/icons";
import type * as wire from "../protocol.gen";
import { close, removeEntry, setInput } from "./edit";
import { KINDS, type Kind, newInput, numbersOf, shapeOf } from "./inputs";
import { inLine, Maths } from "./maths";
import { MatrixControl, RandomControl } from "./matrix";
import { NumberControl } from "./number";
import { change } from "./program";
import type { InputEntry } from "./sheet";
import { nameTex } from "./tex";
import { RangeControl, VectorControl } from "./vector";

interface Props {
  readonly entry: InputEntry;
  readonly index: number;
  readonly grad: wire.Values | null;
  /** What the program calls backward on; the gradient is of that. */
  readonly of: string;
  readonly used: boolean;
}

/** The shape that a tensor of another kind begins with. */
function shapeAs(kind: Kind, shape: readonly number[]): number[] {
  const [first = 3, second = 2] = shape;
  if (kind === "number") return [];
  if (kind === "matrix") return [Math.min(first, 10), Math.min(second, 10)];
  if (kind === "random") return shape.length ? [...shape] : [3];
  return [Math.min(first, 64)];
}

export function InputRow({ entry, index, grad, of, used }: Props) {
  const { name, input } = entry;
  const shape = shapeOf(input) ?? [];
  const data = grad && grad.data?.length === grad.numel ? grad.data : [];
  const setKind = (kind: Kind) =>
    change((sheet) => {
      const now = sheet.entries[index];
      if (now?.kind !== "input") return sheet.text;
      const text = setInput(
        sheet.text,
        index,
        newInput(kind, shapeAs(kind, shape), numbersOf(now.input), name),
      );
      return of ? close(text, of.replace(/\[0\]$/, "")) : text;
    });
  const small = input.kind === "number";
  return (
    <li className="ex-input">
      <div className="ex-input-head">
        <span className="ex-name">{name}</span>
        <select
          aria-label={`Kind of ${name}`}
          value={input.kind}
          onChange={(event) => setKind(event.currentTarget.value as Kind)}
        >
          {KINDS.map(({ kind, label }) => (
            <option key={kind} value={kind}>
              {label}
            </option>
          ))}
        </select>
        {!small && <span className="muted number">{formatShape(shape)}</span>}
        {!used && <span className="muted">not used</span>}
        <span className="spring" />
        {grad && of && (
          <span className="ex-grad">
            <Maths tex={`\\frac{\\partial ${nameTex(of)}}{\\partial ${nameTex(name)}}`} />
            {small && grad.data?.[0] !== undefined && (
              <span className="grad number">{formatNumber(grad.data[0])}</span>
            )}
            {(input.kind === "range" || input.kind === "random") && (
              <span className="grad number">{inLine(grad, shape)}</span>
            )}
          </span>
        )}
        {!used && (
          <button
            type="button"
            className="quiet square"
            aria-label={`Remove ${name}`}
            onClick={() => change((sheet) => removeEntry(sheet.text, index))}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {input.kind === "number" && <NumberControl name={name} index={index} value={input.value.value} />}
      {input.kind === "vector" && <VectorControl name={name} index={index} input={input} grads={data} />}
      {input.kind === "range" && <RangeControl name={name} index={index} input={input} />}
      {input.kind === "matrix" && <MatrixControl name={name} index={index} input={input} grads={data} />}
      {input.kind === "random" && <RandomControl name={name} index={index} input={input} />}
    </li>
  );
}
