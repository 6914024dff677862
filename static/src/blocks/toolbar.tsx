/** The row above the blocks: what is done with a mouse or a thumb and with one key too. */
import { commands } from "./commands";
import { useView } from "./state";

const PATHS = {
  add: "M8 3v10M3 8h10",
  undo: "M6 3.5L3 6.5l3 3M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7",
  redo: "M10 3.5l3 3-3 3M13 6.5H6.5a3.5 3.5 0 0 0 0 7H9",
  group: "M2.5 2.5h11v11h-11zM5.5 5.5h5v5h-5z",
  ungroup: "M2.5 2.5h5v5h-5zM8.5 8.5h5v5h-5z",
  remove: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.7 9h5.6l.7-9",
  layout: "M6 2.5h4v3H6zM2.5 10.5h4v3h-4zM9.5 10.5h4v3h-4zM8 5.5V8M4.5 10.5V8h7v2.5",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  numbers: "M2.5 8h2M11.5 8h2M4.5 4.5h7v7h-7zM7 6.5l1-.5v4M6.8 10h2.4",
  plus: "M8 4v8M4 8h8",
  minus: "M4 8h8",
} as const;

interface ToolProps {
  readonly icon: keyof typeof PATHS;
  readonly label: string;
  /** As it is shown. */
  readonly keys: string;
  readonly onClick: () => void;
  readonly text?: string;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
}

function Tool({ icon, label, keys, onClick, text, disabled, pressed }: ToolProps) {
  return (
    <button
      type="button"
      className={text ? "outlined" : "quiet square"}
      aria-label={label}
      aria-keyshortcuts={keys.replace("Ctrl", "Control")}
      aria-disabled={disabled || undefined}
      aria-pressed={pressed}
      title={`${label} (${keys})`}
      onClick={disabled ? undefined : onClick}
    >
      <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={PATHS[icon]} />
      </svg>
      {text}
    </button>
  );
}

export function Toolbar({
  onLayOut,
  onFit,
  onZoom,
}: {
  onLayOut: () => void;
  onFit: () => void;
  onZoom: (by: number) => void;
}) {
  const some = useView((view) => view.selected.size > 0 || view.wires.size > 0);
  const numbers = useView((view) => view.numbers);
  const waiting = useView((view) => view.waiting > 0);
  return (
    <div className="blocks-tools" role="toolbar" aria-label="Blocks" data-waiting={waiting || undefined}>
      <Tool icon="add" label="Add a block" keys="A" text="Add" onClick={() => commands.startAdding()} />
      <Tool icon="undo" label="Undo" keys="Ctrl+Z" onClick={commands.undo} />
      <Tool icon="redo" label="Redo" keys="Ctrl+Y" onClick={commands.redo} />
      <Tool
        icon="group"
        label="Make the selected blocks a class"
        keys="Ctrl+G"
        disabled={!some}
        onClick={() => commands.group()}
      />
      <Tool
        icon="ungroup"
        label="Take a class apart"
        keys="Ctrl+Shift+G"
        disabled={!some}
        onClick={() => commands.ungroup()}
      />
      <Tool
        icon="remove"
        label="Remove what is selected"
        keys="Delete"
        disabled={!some}
        onClick={() => commands.removeSelected()}
      />
      <span className="spring" />
      <Tool
        icon="numbers"
        label="Value and gradient on the wires"
        keys="N"
        pressed={numbers}
        onClick={commands.toggleNumbers}
      />
      <Tool icon="layout" label="Lay the blocks out" keys="L" onClick={onLayOut} />
      <Tool icon="minus" label="Zoom out" keys="-" onClick={() => onZoom(0.8)} />
      <Tool icon="plus" label="Zoom in" keys="+" onClick={() => onZoom(1.25)} />
      <Tool icon="fit" label="Show all blocks" keys="0" onClick={onFit} />
    </div>
  );
}
