/**
 * Light or dark, and how much contrast: the system's unless the person chose, kept in localStorage and on
 * `<html data-theme data-contrast>`.
 */

import { load, store } from "./storage";

export type Theme = "system" | "light" | "dark";

const KEY = "playground.theme";
const CONTRAST = "playground.contrast";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const more = window.matchMedia("(prefers-contrast: more), (forced-colors: active)");
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

/** Whether the page has high contrast now; forced colours always mean it. */
export function isContrasting(): boolean {
  const kept = load(CONTRAST);
  return window.matchMedia("(forced-colors: active)").matches || (kept ? kept === "more" : more.matches);
}

export function setContrast(on: boolean): void {
  store(CONTRAST, on === more.matches ? null : on ? "more" : "less");
  applyTheme();
}

/** Puts the kept theme on the document; called once at start, before the first paint. */
export function applyTheme(): void {
  const { dataset } = document.documentElement;
  const theme = getTheme();
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
  if (isContrasting()) dataset.contrast = "more";
  else delete dataset.contrast;
  for (const listener of listeners) listener();
}

more.addEventListener("change", applyTheme);

/** Calls `listener` after every change of colours; returns what undoes it. */
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
    // Colours of the person's own would be put over it.
    probe.style.setProperty("forced-color-adjust", "none");
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
