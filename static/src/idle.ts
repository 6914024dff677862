/** Does something once the page has nothing better to do: what will be needed soon loads then, not with the page. */
export function whenIdle(act: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 500);
}
