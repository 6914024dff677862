/** The gradient of a tensor at the moment: of this call, what it is the sum of, and what `.grad` has accumulated. */
import { nameOf } from "../../derive";
import { type Contribution, type Now, stateAt } from "../../moment";
import { brief, plural } from "../../numbers";
import type * as wire from "../../protocol.gen";
import { update, useStore } from "../../store";
import type { CardPart } from "./card";
import { Numbers } from "./value";

/** So many of a sum's terms are listed. */
const MOST = 12;

/** Where each part of a sum came from; a click goes there. */
function Terms({ now, terms }: { now: Now; terms: readonly Contribution[] }) {
  return (
    <ul className="terms" aria-label="The gradient is the sum of">
      {terms.slice(0, MOST).map((one, i) => {
        const from = now.nodeOf(one.from);
        return (
          <li key={`${one.step}.${i}`}>
            <span className="grad numbers">{brief(one.grad)}</span>
            <span className="muted"> from </span>
            <button
              type="button"
              className="line-link"
              onClick={() => update({ picked: { kind: "node", node: one.from } })}
            >
              {from ? nameOf(from) : one.name}
            </button>
          </li>
        );
      })}
      {terms.length > MOST && <li className="muted">and {plural(terms.length - MOST, "more term")}</li>}
    </ul>
  );
}

export function Gradient({ run, node }: CardPart) {
  const time = useStore((state) => state.time);
  const now = stateAt(run.graph, time);
  const detail = time === null ? run.details[node.id] : undefined;
  const tensor = node.outputs[0];
  if (!tensor) return null;
  const stored = (detail?.accumulated ?? now.accumulated(node.id)) || null;
  const flowed = fuller(detail?.grads[0], now.grad(node.id));
  const terms = now.contributions(node.id);
  const several = (run.graph.steps.at(-1)?.call ?? 0) > 0;
  const title = several
    ? `Gradient of call ${now.callOf(node.id) + 1}`
    : stored
      ? "Gradient of this call"
      : "Gradient";
  const numbers = (title: string, values: wire.Values) => (
    <Numbers title={title} values={values} shape={tensor.shape} dtype={tensor.dtype} kind="grad" />
  );
  const count = now.accumulations(node.id);
  return (
    <>
      {stored && numbers(".grad", stored)}
      {stored && count > 1 && <p className="muted">The sum of {plural(count, "call")}.</p>}
      {flowed && !(stored && same(stored, flowed)) && numbers(title, flowed)}
      {terms.length > 1 && <Terms now={now} terms={terms} />}
    </>
  );
}

/** What was asked for may have more of the numbers. */
function fuller(detail: wire.Values | null | undefined, known: wire.Values | null): wire.Values | null {
  return (detail?.data?.length ?? 0) > (known?.data?.length ?? 0) ? (detail ?? null) : known;
}

function same(a: wire.Values, b: wire.Values): boolean {
  return a.norm === b.norm && a.mean === b.mean && a.min === b.min && a.max === b.max;
}
