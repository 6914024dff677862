/** In place of `parts/plot.tsx`: plots without Plotly, which is several times as large as everything else in the file. */
import type { Data, Layout } from "plotly.js";
import { useMemo } from "react";
import type * as wire from "../protocol.gen";
import { chart } from "./chart";

/** A low plot stands beside others. */
const widthOf = (height: number) => (height < 240 ? 360 : 640);
const COLORS = ["value", "code-number", "code-keyword", "code-string", "muted", "div-p3"] as const;

interface Props {
  readonly draw: () => { data: Data[]; layout: Partial<Layout> };
  readonly label: string;
  readonly height?: number;
}

/** Any text may be a colour that a program asked for; what is none is left to the browser to pass over. */
const ink = (color: number | string) =>
  typeof color === "string" ? color : `var(--${COLORS[color % COLORS.length]})`;

export function Plot({ draw, label, height = 280 }: Props) {
  const width = widthOf(height);
  const [made, named] = useMemo(() => {
    const figure = draw();
    return [chart(figure as unknown as wire.PlotlyFigure, width, height), figure.layout.showlegend !== false];
  }, [draw, width, height]);
  if (!made) {
    return (
      <p className="notice">
        {label}: this kind of plot is not drawn in a standalone page. Open the file in the playground to see
        it.
      </p>
    );
  }
  return (
    <figure className="plot" aria-label={label}>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        style={{ maxWidth: 900 }}
        role="img"
        aria-label={label}
      >
        <path d={made.grid} stroke="var(--hairline)" fill="none" />
        {made.marks.map((mark, k) => (
          <path
            key={k}
            d={mark.d}
            fill={mark.filled ? ink(mark.color) : "none"}
            stroke={mark.filled ? "none" : ink(mark.color)}
            strokeWidth={mark.width}
            strokeDasharray={mark.dash || undefined}
            strokeLinejoin="round"
            opacity={mark.opacity}
          />
        ))}
        {made.words.map((word, k) => (
          <text
            key={k}
            textAnchor={word.anchor}
            transform={`translate(${word.x} ${word.y})${word.turned ? " rotate(-90)" : ""}`}
            fill={word.kind === "tick" ? "var(--muted)" : "var(--ink)"}
            fontSize={word.kind === "tick" ? 11 : 12}
          >
            {word.text}
          </text>
        ))}
      </svg>
      {named && made.legend.length > 0 && (
        <figcaption className="muted">
          {made.legend.map(({ name, color }, k) => (
            <span key={k} style={{ marginRight: 16, display: "inline-flex", alignItems: "center", gap: 6 }}>
              <svg width="16" height="8" aria-hidden="true">
                <path d="M0 4H16" stroke={ink(color)} strokeWidth="2" />
              </svg>
              {name}
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  );
}
