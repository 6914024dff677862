/** The page's few icons, drawn on a 16 px grid in the colour of the text around them. */

const PATHS = {
  run: "M4.5 2.8v10.4L13 8z",
  stop: "M4 4h8v8H4z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  close: "M4 4l8 8M12 4l-8 8",
  opened: "M4 6l4 4 4-4",
  closed: "M6 4l4 4-4 4",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  graph:
    "M4 3.5a1.5 1.5 0 1 0 .01 0zM12 6.5a1.5 1.5 0 1 0 .01 0zM4 9.5a1.5 1.5 0 1 0 .01 0zM5.5 5l5 2.5M5.5 11l5-2.5",
  output: "M2.5 3.5h11M2.5 6.5h7M2.5 9.5h9M2.5 12.5h5",
  gradients: "M2 11c3 0 3-7 6-7s3 7 6 7",
  profiler: "M2 3.5h12M2 6.5h8M4 9.5h4M4 12.5h2",
  training: "M2.5 2.5v11h11M4.5 4.5c1 5 3 6.5 8.5 6.5",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  advance: "M4 3.5v9L10 8zM12.5 3.5v9",
  jacobian: "M2.5 2.5h11v11h-11zM6.2 2.5v11M9.8 2.5v11M2.5 6.2h11M2.5 9.8h11",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
  error: "M8 2l6.5 11.5h-13zM8 6.5v3M8 11.5h.01",
  open: "M2.5 12.5v-9h4l1.5 2h5.5v7zM8 11V7.5M6.3 9.2L8 7.5l1.7 1.7",
  download: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.5 13.5h11",
} as const;

const FILLED: ReadonlySet<string> = new Set(["run", "stop"]);

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={`icon${FILLED.has(name) ? " icon-filled" : ""}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
