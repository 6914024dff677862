/** Why a tensor's gradient is what it is, in a sentence; nothing where there is nothing to explain. */
import { whyNoGradient } from "../../derive";
import type { CardPart } from "./card";

export default function Why({ run, node }: CardPart) {
  const why = whyNoGradient(run.graph, node);
  if (!why) return null;
  return (
    <section className="card-part">
      <h4>
        <span className="grad">No gradient</span>
      </h4>
      <p>{why}</p>
    </section>
  );
}
