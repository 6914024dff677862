import { isContrasting, isDark, setContrast, setTheme } from "../theme";
import type { Action } from "./action";

export const theme: Action = {
  name: "theme",
  label: "Switch between light and dark",
  key: "Alt+T",
  words: "colour color night day mode",
  act: () => setTheme(isDark() ? "light" : "dark"),
};

export const themeSystem: Action = {
  name: "theme.system",
  label: "Light or dark as the system says",
  key: "Alt+Shift+T",
  words: "colour color auto mode",
  act: () => setTheme("system"),
};

export const contrast: Action = {
  name: "theme.contrast",
  label: "Switch high contrast on or off",
  key: "Alt+H",
  words: "colour color theme accessibility strong lines",
  act: () => setContrast(!isContrasting()),
};
