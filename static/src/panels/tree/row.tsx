/** One row of the tree: a group, a tensor, or a way along an edge. What is seen stands in cells, what is read out beside them. */
import type { CSSProperties } from "react";
import { countsOf } from "../../graph/cards";
import { type Look, tagsOf, wayOf } from "../../graph/describe";
import type { GNode } from "../../graph/model";
import { isLink, type Row, say, subtitleOf, titleOf } from "../../graph/rows";
import { isGroup } from "../../graph/tree";
import { brief, formatShape } from "../../numbers";
import { Icon } from "../../parts/icons";

interface Props {
  readonly row: Row;
  readonly at: number;
  readonly look: Look | null;
  readonly height: number;
  readonly current: boolean;
  readonly selected: boolean;
  readonly lit: boolean;
  readonly found: boolean;
}

export function TreeRow({ row, at, look, height, current, selected, lit, found }: Props) {
  const marks = [
    "tree-row",
    lit && "tree-lit",
    found && "tree-found",
    look?.now && "tree-now",
    look?.made === false && "tree-later",
  ];
  return (
    <div
      className={marks.filter(Boolean).join(" ")}
      style={{ top: at * height, height, "--level": row.level } as CSSProperties}
      role="treeitem"
      data-at={at}
      tabIndex={current ? 0 : -1}
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={row.open ?? undefined}
      aria-selected={selected}
      aria-current={look?.now ? "step" : undefined}
    >
      <span className="unseen">{say(row, look)}</span>
      <span className="tree-twisty" aria-hidden="true">
        {row.open !== null && <Icon name={row.open ? "opened" : "closed"} />}
      </span>
      <Cells row={row} look={look} />
    </div>
  );
}

function Cells({ row, look }: { row: Row; look: Look | null }) {
  const { what } = row;
  const title = (
    <span className="tree-title" aria-hidden="true">
      {isLink(what) && <span className="tree-way">{what.way}</span>}
      <span className={!isLink(what) && isGroup(what) ? "tree-group" : "tree-name"}>{titleOf(row)}</span>
      {subtitleOf(row) && <span className="tree-op">{subtitleOf(row)}</span>}
      {isLink(what) ? what.cut && <Tag word="no gradient" /> : !isGroup(what) && <Tags node={what} />}
    </span>
  );
  if (isLink(what)) return title;
  if (!isGroup(what)) return <TensorCells node={what} look={look} title={title} />;
  return (
    <>
      {title}
      <span className="tree-counts" aria-hidden="true">
        {countsOf(what)}
      </span>
    </>
  );
}

function Tag({ word }: { word: string }) {
  return <span className={word === "failed" ? "tree-tag tree-failed" : "tree-tag"}>{word}</span>;
}

function Tags({ node }: { node: GNode }) {
  return tagsOf(node).map(([word]) => <Tag key={word} word={word} />);
}

function TensorCells({ node, look, title }: { node: GNode; look: Look | null; title: React.ReactNode }) {
  const tensor = node.wire.outputs[0];
  const way = wayOf(node);
  const value = look?.made === false ? "not yet" : look?.value ? brief(look.value, tensor?.dtype) : "";
  return (
    <>
      {title}
      <span className="tree-shape" aria-hidden="true">
        {tensor && formatShape(tensor.shape)}
        {tensor && tensor.dtype !== "float32" && ` ${tensor.dtype}`}
      </span>
      <span className="tree-value value" aria-hidden="true">
        {value}
      </span>
      <span className="tree-grad grad" aria-hidden="true">
        {look?.grad && `∇ ${brief(look.grad)}`}
      </span>
      <span className="tree-ways" title={way} aria-hidden="true">
        {way}
      </span>
    </>
  );
}
