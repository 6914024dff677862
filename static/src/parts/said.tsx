/** A sentence about the program: code between backticks, `line 12` leads to the line, names lead to their tensors. */
import { revealLine } from "../editor/editor";
import { update } from "../store";

export function Said({ text, nodes }: { text: string; nodes?: ReadonlyMap<string, number> }) {
  return text.split("`").map((part, i) => {
    const key = `${i}${part}`;
    if (i % 2 === 0) return <Lines key={key} text={part} />;
    const node = nodes?.get(part);
    if (node === undefined) return <code key={key}>{part}</code>;
    return (
      <button
        type="button"
        key={key}
        className="line-link"
        onClick={() => update({ picked: { kind: "node", node } })}
        onPointerEnter={() => update({ hovered: { kind: "node", node } })}
        onPointerLeave={() => update({ hovered: null })}
      >
        <code>{part}</code>
      </button>
    );
  });
}

function Lines({ text }: { text: string }) {
  return text.split(/\b(line \d+)/).map((part, i) => {
    if (i % 2 === 0) return part;
    const line = Number(part.slice(5));
    return (
      <button type="button" key={`${i}${part}`} className="line-link" onClick={() => revealLine(line)}>
        {part}
      </button>
    );
  });
}
