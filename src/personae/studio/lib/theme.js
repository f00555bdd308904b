// Light, dark, or as the system says.

const NAME = "personae.theme";
const THEMES = ["system", "light", "dark"];

export function useTheme(theme = localStorage.getItem(NAME) ?? "system") {
  localStorage.setItem(NAME, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function nextTheme() {
  const now = localStorage.getItem(NAME) ?? "system";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  // From the system's, go first to what looks different.
  useTheme(now === "system" ? (dark ? "light" : "dark") : THEMES[(THEMES.indexOf(now) + 1) % 3]);
}
