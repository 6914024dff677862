/** The theme: the system's unless the person chose one, kept in localStorage and on `<html data-theme>`. */

import { load, store } from "./storage";

export type Theme = "system" | "light" | "dark";

const KEY = "playground.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function getTheme(): Theme {
  const kept = load(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Whether the page is dark now, whoever decided it. */
export function isDark(): boolean {
  const theme = getTheme();
  return theme === "system" ? system.matches : theme === "dark";
}

export function setTheme(theme: Theme): void {
  store(KEY, theme === "system" ? null : theme);
  applyTheme();
}

/** Puts the kept theme on the document; called once at start, before the first paint. */
export function applyTheme(): void {
  const theme = getTheme();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** Calls `listener` after every change between light and dark; returns what undoes it. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}

let probe: HTMLElement | undefined;

/** The colour of a token as the browser computes it now (`rgb(11, 92, 173)`), for canvases and plots. */
export function token(name: `--${string}`): string {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
