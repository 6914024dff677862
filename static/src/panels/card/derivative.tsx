/** The derivative of an operation: as a formula, as numbers, as the product a backward step computed, and checked. */
import { useEffect, useMemo, useState } from "react";
import { boot } from "../../boot";
import "../../styles/derivative.css";
import { indexOf, memo, nameOf } from "../../derive";
import { type Formula, formulaOf, named, namesFor, rendered } from "../../formulas";
import { stateAt } from "../../moment";
import { formatCount } from "../../numbers";
import type * as wire from "../../protocol.gen";
import { isActive, isInteractive, localKey, type Recording, type RunState } from "../../run";
import { send } from "../../socket";
import { useStore } from "../../store";
import type { CardPart } from "./card";
import { JacobianTable } from "./jacobian_table";
import { flowing, leavingTo, sized, stepAt, tableOf, verdict, whole } from "./product";

/** A selection that is only passed through asks nothing. */
const DWELL_MS = 80;

function Tex({ tex }: { tex: string }) {
  const html = useMemo(() => rendered(tex), [tex]);
  return (
    // KaTeX's own markup of our own formulas, in which names are escaped.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long formula scrolls, with the keyboard too
    <div className="formula" tabIndex={0} dangerouslySetInnerHTML={{ __html: html }} />
  );
}

/** What the program calls a tensor, or an empty string. */
function tensorName(graph: Recording, edge: wire.Edge): string {
  return indexOf(graph).node.get(edge.source)?.outputs[edge.output ?? 0]?.name ?? "";
}

/** The name of each argument: a variable's, or a number. */
function argumentNames(graph: Recording, node: wire.Node, local: wire.LocalResult | undefined): string[] {
  const found: string[] = [];
  for (const edge of indexOf(graph).into.get(node.id) ?? []) found[edge.input ?? 0] = tensorName(graph, edge);
  for (const { input, value } of local?.arguments ?? []) if (input !== undefined) found[input] = value;
  return Array.from(found, (name) => name ?? "");
}

/** What the program's variables are called. */
const variables = memo(
  (graph: Recording): ReadonlySet<string> =>
    new Set(graph.nodes.flatMap((node) => node.outputs.map((tensor) => tensor.name ?? ""))),
);

/** `where n is 2 (exponent)`, for the arguments that a formula speaks of. */
function Arguments({ formula, local }: { formula: Formula; local: wire.LocalResult | undefined }) {
  const known = (local?.arguments ?? []).filter(({ name }) => formula.arguments?.[name]);
  if (known.length === 0) return null;
  return (
    <p className="muted formula-where">
      with{" "}
      {known.map(({ name, value }, i) => (
        <span key={name}>
          {i > 0 && ", "}
          <span dangerouslySetInnerHTML={{ __html: rendered(formula.arguments?.[name] ?? "", false) }} /> ={" "}
          {value}
        </span>
      ))}
    </p>
  );
}

/** Asks the worker for the local Jacobians of a tensor, once; and for the check when told to. */
function useLocal(run: RunState, node: wire.Node, output: number) {
  const local = run.locals[localKey(node.id, output)];
  const alive = isInteractive(run);
  const [asked, setAsked] = useState<{ check: boolean; seq: number } | null>(null);
  const ask = (check: boolean) => {
    setAsked({ check, seq: run.seq });
    send({ type: "local", run: run.id, node: node.id, output, check });
  };
  useEffect(() => {
    if (local || !alive) return;
    const timer = setTimeout(() => ask(false), DWELL_MS);
    return () => clearTimeout(timer);
  }, [alive, run.id, node.id, output, local === undefined]);
  const refusal = run.refusals.local;
  const refused = asked && refusal && refusal.seq > asked.seq ? refusal.message : "";
  const checking = asked?.check === true && (local?.seq ?? 0) <= asked.seq && !refused && alive;
  return { local, alive, refused, checking, check: () => ask(true) };
}

function Input({
  run,
  node,
  output,
  edge,
  edges,
  block,
  tex,
  alone,
  last,
}: {
  run: RunState;
  node: wire.Node;
  output: number;
  edge: wire.Edge;
  edges: readonly wire.Edge[];
  block: wire.LocalBlock | undefined;
  tex: string;
  alone: boolean;
  last: boolean;
}) {
  const time = useStore((state) => state.time);
  const now = stateAt(run.graph, time);
  const step = stepAt(run.graph, node.id, now.steps, now.inPass ? now.call : null);
  const entering = step?.entering?.[output] ?? null;
  const leaving = step ? leavingTo(step, edges, edge.input ?? 0) : null;
  const table = useMemo(
    () => (block?.values ? tableOf(block, whole(entering), whole(leaving)) : null),
    [block, entering, leaving],
  );
  const source = indexOf(run.graph).node.get(edge.source);
  const by = tensorName(run.graph, edge) || (source ? nameOf(source) : "the input");
  const of = node.outputs[output]?.name || nameOf(node);
  const shown =
    table?.kind === "matrix" ? table.entering && table.leaving : table && table.kind !== "picture";
  return (
    <section className="by-input" aria-label={`Derivative by ${by}, argument ${(edge.input ?? 0) + 1}`}>
      {!alone && (
        <h5>
          by <span className="value">{by}</span>
        </h5>
      )}
      {tex && <Tex tex={tex} />}
      {table && block && (
        <JacobianTable
          table={table}
          block={block}
          of={of}
          by={by}
          explain={last}
          title={`Numbers of ∂ ${of} / ∂ ${by}, argument ${(edge.input ?? 0) + 1}`}
        />
      )}
      {block && !block.values && (
        <p className="muted">
          The Jacobian has {formatCount(sizeOf(block.rows))} by {formatCount(sizeOf(block.columns))} numbers,
          too many to show.
        </p>
      )}
      {entering && leaving && !(shown && whole(entering) && whole(leaving)) && (
        <p>
          <span className="grad">entering</span> {sized(entering)} → <span className="grad">leaving</span>{" "}
          {sized(leaving)}
        </p>
      )}
    </section>
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** The result of the check. */
function Verdict({
  run,
  node,
  local,
  of,
}: {
  run: RunState;
  node: wire.Node;
  local: wire.LocalResult;
  of: string;
}) {
  const rule = isOwn(node) ? `the backward of ${node.op}` : `the derivative rule of ${node.op}`;
  const edges = flowing(run.graph, node.id);
  const name = (block: wire.LocalBlock) => {
    const edge = edges.find((one) => (one.input ?? 0) === block.input);
    return (edge && tensorName(run.graph, edge)) || `argument ${block.input + 1}`;
  };
  const wrong = local.blocks.some((block) => block.agrees === false);
  return <p className={wrong ? "verdict differs" : "verdict"}>{verdict(local.blocks, of, name, rule)}</p>;
}

/** Whether it is the program's own `autograd.Function`. */
function isOwn(node: wire.Node): boolean {
  return !node.op.includes("::");
}

export default function Derivative({ run, node }: CardPart) {
  const outputs = node.outputs.flatMap((tensor, i) => (/^(b?float)/.test(tensor.dtype) ? [i] : []));
  const [chosen, setOutput] = useState<number | null>(null);
  const output = chosen ?? outputs[0] ?? 0;
  const edges = useMemo(() => flowing(run.graph, node.id), [run.graph, node.id]);
  const { local, alive, refused, checking, check } = useLocal(run, node, output);
  if (!node.grad_fn) return null;
  const names = argumentNames(run.graph, node, local);
  const formula = formulaOf(node, names.length, local?.record);
  const of = node.outputs[output]?.name || nameOf(node);
  const called = formula && namesFor(formula, names, node.outputs[output]?.name ?? "", variables(run.graph));
  const tex = (text: string | null | undefined, which = -1) =>
    formula && called && text ? named(text, called, formula.variadic, which) : "";
  const own = isOwn(node);
  const barred = formula?.derivatives.some((text) => text?.includes("#g"));
  // Until the answer says which inputs gradients flow to, the edges do.
  const shown = edges.filter(
    (edge) => !local || local.blocks.some((block) => block.input === (edge.input ?? 0)),
  );
  return (
    <section className="card-part derivative" aria-label="Derivative">
      <h4>Derivative</h4>
      {formula && <Tex tex={tex(formula.forward)} />}
      {formula && <Arguments formula={formula} local={local} />}
      {own && (
        <p>
          {node.op} is the program's own Function: what follows is what its <code>backward</code> gives.
        </p>
      )}
      {outputs.length > 1 && (
        <label className="pick-label">
          of
          <select value={output} onChange={(event) => setOutput(Number(event.target.value))}>
            {outputs.map((i) => (
              <option key={i} value={i}>
                {node.outputs[i]?.name || `output ${i}`}
              </option>
            ))}
          </select>
        </label>
      )}
      {shown.map((edge, place) => (
        <Input
          key={edge.input ?? 0}
          run={run}
          node={node}
          output={output}
          edge={edge}
          edges={edges}
          block={local?.blocks.find((block) => block.input === (edge.input ?? 0))}
          tex={tex(
            formula?.derivatives[formula.variadic ? 0 : (edge.input ?? 0)],
            formula?.variadic ? (edge.input ?? 0) : -1,
          )}
          alone={shown.length === 1}
          last={place === shown.length - 1}
        />
      ))}
      {called?.primed && (
        <p className="muted">
          {node.outputs[output]?.name}′ is {node.outputs[output]?.name} after this line.
        </p>
      )}
      {barred && <p className="muted">A bar over a tensor: the gradient that reaches it.</p>}
      <div className="derivative-foot" aria-live="polite">
        {local?.checked && <Verdict run={run} node={node} local={local} of={of} />}
        {local?.note && <p className="muted">{local.note}</p>}
        {alive && !local && !refused && <p className="muted waiting">Working out the numbers…</p>}
        {refused && <p className="muted">{refused}</p>}
        {!local && !alive && (
          <p className="muted">
            {isActive(run)
              ? "Its numbers are worked out when the program has ended or is held."
              : boot.embed
                ? "The numbers are not in this page. In the playground, a run works them out and checks them."
                : "The program's process has ended. Run again to work out the numbers and to check them."}
          </p>
        )}
      </div>
      {alive && local && (
        // It stays when it has been pressed, so that the keyboard's focus does.
        <button
          type="button"
          className="outlined"
          aria-disabled={checking}
          onClick={() => {
            if (!checking) check();
          }}
        >
          {checking ? "Checking…" : local.checked ? "Check again" : "Check by finite differences"}
        </button>
      )}
    </section>
  );
}
