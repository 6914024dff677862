/** Shows a trace in Perfetto: the browser hands it to a tab of that site, and to no server. */

const SITE = "https://ui.perfetto.dev";
/** Perfetto says nothing of its own accord when it is ready; it is asked until it answers. */
const ASK_MS = 200;
const PATIENCE_MS = 60_000;

/** False where the browser opens no tab. */
export function openInPerfetto(trace: string, title: string): boolean {
  const tab = window.open(SITE);
  if (!tab) return false;
  const over = new AbortController();
  const asking = setInterval(() => (tab.closed ? over.abort() : tab.postMessage("PING", SITE)), ASK_MS);
  const patience = setTimeout(() => over.abort(), PATIENCE_MS);
  over.signal.addEventListener("abort", () => {
    clearInterval(asking);
    clearTimeout(patience);
  });
  const hear = (event: MessageEvent) => {
    if (event.source !== tab || event.origin !== SITE || event.data !== "PONG") return;
    over.abort();
    const { buffer } = new TextEncoder().encode(trace);
    tab.postMessage({ perfetto: { buffer, title } }, SITE);
  };
  window.addEventListener("message", hear, { signal: over.signal });
  return true;
}
