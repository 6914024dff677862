/** Graph: the diagram with the card of what is selected. */
import { Empty } from "../parts/empty";
import { useStore } from "../store";

export function GraphPanel({ visible }: { visible: boolean }) {
  const run = useStore((state) => state.shown);
  if (!visible) return null;
  if (!run) return <Empty text="The diagram of every operation and its gradient appears here." />;
  return <div className="graph" />;
}
