/** Formulas, and numbers beside them. KaTeX is loaded with the first formula. */
import { useEffect, useState } from "react";
import { brief, formatNumber, formatShape, fullNumber } from "../numbers";
import type * as wire from "../protocol.gen";

type Rendered = typeof import("../formulas").rendered;

let rendered: Rendered | null = null;
const made = new Map<string, string>();

/** What KaTeX makes of a formula; each is made once, for a drag draws the same ones again and again. */
function htmlOf(render: Rendered, tex: string): string {
  let html = made.get(tex);
  if (html === undefined) {
    if (made.size > 300) made.clear();
    html = render(tex, false);
    made.set(tex, html);
  }
  return html;
}

export function Maths({ tex, className = "" }: { tex: string; className?: string }) {
  const [render, set] = useState<{ it: Rendered } | null>(rendered && { it: rendered });
  useEffect(() => {
    // Asked of this one's state: it may have been loaded by another since this was drawn.
    if (render) return;
    let here = true;
    import("../formulas").then(
      (module) => {
        rendered = module.rendered;
        if (here) set({ it: rendered });
      },
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [render]);
  if (!render || !tex) return null;
  // KaTeX's own markup, from TeX that this page writes: names and numbers are all of the person's that is in it.
  return (
    <span className={`ex-maths ${className}`} dangerouslySetInnerHTML={{ __html: htmlOf(render.it, tex) }} />
  );
}

const FEW = 9;

/** A tensor in one line: its numbers if they are few, else its shape and its norm. */
export function inLine(values: wire.Values, shape: readonly number[], dtype = "float32"): string {
  const data = values.data ?? [];
  if (values.unknown || values.numel > FEW || data.length < values.numel || shape.length > 2)
    return values.numel === 1 ? brief(values, dtype) : `${formatShape(shape)} ${brief(values, dtype)}`;
  const text = data.map((x) => formatNumber(x, dtype));
  if (shape.length === 0) return text[0] ?? "";
  if (shape.length === 1) return `[${text.join(", ")}]`;
  const width = shape[1] ?? 1;
  const rows = Array.from(
    { length: shape[0] ?? 0 },
    (_, i) => `[${text.slice(i * width, (i + 1) * width).join(", ")}]`,
  );
  return `[${rows.join(", ")}]`;
}

/** Every digit of the few, for the tooltip. */
export function fullText(values: wire.Values): string {
  const data = values.data ?? [];
  return data.length <= FEW ? data.map(fullNumber).join(", ") : "";
}
