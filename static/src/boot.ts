/** What the server told the page when it opened. */
import type * as wire from "./protocol.gen";

function read(): wire.Boot {
  const element = document.getElementById("boot");
  if (!element?.textContent)
    throw new Error('The page has no boot data: expected <script type="application/json" id="boot">.');
  return JSON.parse(element.textContent) as wire.Boot;
}

export const boot: wire.Boot = read();
