/** A file dropped anywhere on the page is opened; while it is held above, the page says so. */
import { useEffect, useState } from "react";
import { openTable } from "../actions/data";
import { openFile } from "../actions/take";
import { isTable } from "../data/text";
import { Icon } from "./icons";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

export function Drop() {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    // Before the editor, which would take the file's text into the program.
    const listen = (
      type: "dragenter" | "dragover" | "dragleave" | "drop",
      take: (event: DragEvent) => void,
    ) => {
      const taken = (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        take(event);
      };
      window.addEventListener(type, taken, { capture: true });
      return () => window.removeEventListener(type, taken, { capture: true });
    };
    const undo = [
      listen("dragenter", () => setHeld(true)),
      listen("dragover", (event) => {
        if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
      }),
      // Leaving one element for another says where it went; leaving the page does not.
      listen("dragleave", (event) => event.relatedTarget === null && setHeld(false)),
      listen("drop", (event) => {
        setHeld(false);
        const file = event.dataTransfer?.files[0];
        if (file) void (isTable(file) ? openTable(file) : openFile(file));
      }),
    ];
    return () => {
      for (const one of undo) one();
    };
  }, []);
  if (!held) return null;
  return (
    <div className="drop" role="status">
      <p>
        <Icon name="open" />
        Drop to open it
        <span className="muted">
          A picture, page or session that was downloaded here, or a table (.csv) for data.X and data.y
        </span>
      </p>
    </div>
  );
}
