// Numbers, sizes and times in words.

const number = new Intl.NumberFormat("en");
const when = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

export const count = (value) => (value === null || value === undefined ? "–" : number.format(value));
/** "1 file", "3 files"; `many` if it is not one with an s. */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;
export const credits = (value) => `${count(value)} ${value === 1 ? "credit" : "credits"}`;

/** Bytes, as "1.4 MB". */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let step = 0;
  let rest = value;
  while (rest >= 1000 && step < units.length - 1) [rest, step] = [rest / 1000, step + 1];
  return `${step && rest < 10 ? rest.toFixed(1) : Math.round(rest)} ${units[step]}`;
}

/** Seconds, as "1:23.4" or "4.2 s". */
export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (one) => String(one).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A moment given in ISO 8601, in the user's zone. */
export const time = (iso) => (iso ? when.format(new Date(iso)) : "–");

/** How long ago (or until) a moment is, in words. */
export function ago(iso, now = Date.now()) {
  if (!iso) return "–";
  const apart = (new Date(iso).getTime() - now) / 1000;
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(apart) >= size) return words.format(Math.round(apart / size), unit);
  }
  return words.format(Math.round(apart), "second");
}
