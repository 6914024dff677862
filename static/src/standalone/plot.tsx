/** In place of `parts/plot.tsx`, whose Plotly is several times as large as everything else in the file. */

export function Plot({ label }: { readonly label: string }) {
  return (
    <p className="notice">
      {label}: plots are left out of a standalone page. Open this file in the playground to see it.
    </p>
  );
}
