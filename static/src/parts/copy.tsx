/** A button that copies text and says so for a moment. */
import { useEffect, useState } from "react";
import { copy } from "../actions/copy_link";
import { Icon } from "./icons";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      type="button"
      className="quiet"
      onClick={async () => setSaid((await copy(text)) ? "Copied" : "Copying is not allowed here")}
    >
      <Icon name="copy" />
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}
