/** In place of `boot.ts`: what a server would say, made from the session inside the page. */
import type * as wire from "../protocol.gen";

function read(): wire.BootSession | null {
  const text = document.getElementById("session")?.textContent ?? "null";
  const file = JSON.parse(text) as wire.SessionFile | null;
  return file && { id: "", parent: "", created: "", content: file.content };
}

export const boot: wire.Boot = {
  version: "",
  embed: true,
  devices: { cuda: { available: false, reason: "" } },
  limits: {
    code_bytes: 0,
    code_lines: 0,
    wall_s: 0,
    memory_mb: 0,
    output_bytes: 0,
    operations: 0,
    session_bytes: 0,
  },
  session: read(),
  examples: [],
};
