/** Why a tensor's gradient is what it is, with its way lit in the diagram; nothing where there is nothing to explain. */
import { useEffect, useMemo, useState } from "react";
import { indexOf, nameOf } from "../../derive";
import { stateAt } from "../../moment";
import { CopyButton } from "../../parts/copy";
import { Said } from "../../parts/said";
import type { Recording } from "../../run";
import { update, useStore } from "../../store";
import { type Answer, endOf, type Until, whys } from "../../why";
import type { CardPart } from "./card";

const SETTLE_MS = 150;

const TITLES: Readonly<Record<Answer["family"], string>> = {
  failed: "What went wrong",
  none: "Why there is no gradient",
  zero: "Why the gradient is zero",
  nonfinite: "Why it is not finite",
  sum: "Why it is as large as that",
  size: "Why it is as large as that",
};

function titleOf({ tone, family, kind }: Answer): string {
  if (kind === "dead_activation") return "What stops the gradient";
  if (kind === "vanishing") return "Why it is so small";
  if (tone === "info") return family === "none" && kind !== "not_kept" ? TITLES.none : "Good to know";
  return TITLES[family];
}

/** Nodes that the sentence may name, by what they are called. */
function namesIn(run: CardPart["run"], answer: Answer, self: number): ReadonlyMap<string, number> {
  const { node } = indexOf(run.graph);
  const names = new Map<string, number>();
  for (const id of [...answer.path.nodes].sort((a, b) => a - b)) {
    const one = node.get(id);
    if (one && id !== self) names.set(nameOf(one), id);
  }
  return names;
}

function Explained({ answer, run, node, first }: CardPart & { answer: Answer; first: boolean }) {
  const way = answer.path.edges.length > 0;
  const [shown, setShown] = useState(first && way && answer.tone === "cause");
  useEffect(() => {
    if (!shown) return;
    update({ traced: answer.path });
    return () => update({ traced: null });
  }, [shown, answer]);
  const names = useMemo(() => namesIn(run, answer, node.id), [run, answer, node.id]);
  return (
    <section className="card-part why" data-kind={answer.kind}>
      <h4>
        <span className={answer.family === "failed" ? "failed" : "grad"}>{titleOf(answer)}</span>
        {way && (
          <button type="button" className="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
            {shown ? "Hide the path" : "Show the path"}
          </button>
        )}
      </h4>
      <p>
        <Said text={answer.sentence} nodes={names} />
      </p>
      {answer.detail && (
        <p className="muted">
          <Said text={answer.detail} nodes={names} />
        </p>
      )}
      {answer.fix && (
        <div className="why-fix">
          <p>
            <Said text={answer.fix.text} />
          </p>
          {answer.fix.code && (
            <p className="why-code">
              <code>{answer.fix.code}</code>
              <CopyButton text={answer.fix.code} label="Copy" />
            </p>
          )}
        </div>
      )}
    </section>
  );
}

/** The moment that is looked at, as soon as it has been for a while: what is played needs no explanation. */
function useUntil(graph: Recording): Until {
  const time = useStore((state) => state.time);
  const [settled, setSettled] = useState(time);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(time), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [time]);
  return useMemo(() => {
    const { moment } = stateAt(graph, settled);
    return moment ?? endOf(graph);
  }, [graph, settled]);
}

/** `part`: the cause, which comes before the numbers, or what is worth knowing besides. */
export default function Why({ run, node, part }: CardPart & { part: Answer["tone"] }) {
  const until = useUntil(run.graph);
  const answers = useMemo(() => whys(run.graph, node.id, until), [run.graph, node.id, until]);
  const shown = answers.filter((answer) => answer.tone === part);
  return shown.map((answer) => (
    <Explained key={answer.kind} answer={answer} run={run} node={node} first={answer === answers[0]} />
  ));
}
