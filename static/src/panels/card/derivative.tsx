/** The derivative of an operation. */
import type { CardPart } from "./card";

export default function Derivative({ node }: CardPart) {
  if (!node.grad_fn) return null;
  return (
    <section className="card-part">
      <h4>Derivative</h4>
      <dl className="facts">
        <div>
          <dt>grad_fn</dt>
          <dd>{node.grad_fn}</dd>
        </div>
      </dl>
    </section>
  );
}
