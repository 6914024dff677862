/** What the server says of a table: asked for anew with every change, and the newest question is the one that counts. */
import { useEffect, useState } from "react";
import type * as wire from "../protocol.gen";
import { ask } from "../socket";
import { useStore } from "../store";
import { type DraftData, loadText, userData } from "./kept";

export interface Told {
  readonly table: wire.Table | null;
  /** Whether an answer to the newest question is still to come. */
  readonly waiting: boolean;
  /** Why there is no answer. */
  readonly problem: string;
}

const NOTHING: Told = { table: null, waiting: false, problem: "" };
const OFFLINE = "Not connected to the server, which reads the table. Trying again.";

let counted = 0;

export function useTable(data: DraftData | undefined): Told {
  const [told, setTold] = useState(NOTHING);
  const connection = useStore((state) => state.connection);
  useEffect(() => {
    if (!data) {
      setTold(NOTHING);
      return;
    }
    let here = true;
    const take = (event: wire.Event) => {
      if (!here) return;
      if (event.type === "table") setTold({ table: event, waiting: false, problem: "" });
      else if (event.type === "error")
        setTold((last) => ({ ...last, waiting: false, problem: event.message }));
      else if (event.type === "finished") {
        setTold((last) => (last.waiting ? { ...last, waiting: false, problem: event.message ?? "" } : last));
      }
    };
    const question = async () => {
      const there = await loadText(data);
      if (!here) return;
      const full = userData(data);
      if (!there || !full) {
        setTold({ ...NOTHING, problem: "This table is not in this browser any more. Choose it again." });
        return;
      }
      setTold((last) => ({ ...last, waiting: true, problem: "" }));
      const run = `table.${Date.now().toString(36)}.${++counted}`;
      if (connection !== "open" || !ask({ type: "parse", run, data: full }, take)) {
        setTold((last) => ({ ...last, waiting: false, problem: OFFLINE }));
      }
    };
    // Several changes in a row are one question.
    const timer = setTimeout(question, 60);
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [data, connection]);
  return told;
}
