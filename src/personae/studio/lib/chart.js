// Bars by day, drawn without a library; the same numbers stand in a table beside them.

import { h } from "./dom.js";
import { count } from "./format.js";
import { table } from "./ui.js";

const HEIGHT = 100;
const GAP = 0.2;

/**
 * Bars that stand on each other, by day.
 * @param {string} caption what is counted
 * @param {string[]} days YYYY-MM-DD, every one of them
 * @param {Array<{name: string, kind: string, at: Map<string, number>}>} series `kind`: the bars' class
 * @returns {Element} a figure
 */
export function dayBars(caption, days, series) {
  const total = (day) => series.reduce((sum, one) => sum + (one.at.get(day) ?? 0), 0);
  const totals = days.map(total);
  const most = Math.max(1, ...totals);
  const all = totals.reduce((sum, one) => sum + one, 0);
  const used = series.filter((one) => one.at.size);
  const peak = days[totals.indexOf(Math.max(...totals))];
  const words = all
    ? `${caption}: ${count(all)} in ${days.length} days, most on ${day(peak)} (${count(total(peak))}).`
    : `${caption}: none in ${days.length} days.`;
  return h("figure", { class: "chart" },
    h("figcaption", null, words),
    used.length > 1 && h("ul", { class: "legend", "aria-hidden": "true" }, used.map((one) =>
      h("li", null, h("span", { class: `dot ${one.kind}` }), one.name))),
    h("div", { class: "plot" },
      h("span", { class: "top", "aria-hidden": "true" }, count(most)),
      h("svg", { role: "img", "aria-label": words, viewBox: `0 0 ${days.length} ${HEIGHT}`, preserveAspectRatio: "none" },
        [0, 0.5, 1].map((at) => h("line", { class: "grid-line", x1: 0, x2: days.length, y1: HEIGHT * at, y2: HEIGHT * at })),
        days.map((one, at) => bar(one, at, used, most)))),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", null, day(days[0])), h("span", null, day(days.at(-1)))),
    h("details", null, h("summary", null, "The same as a table"), numbers(caption, days, used, total)));
}

function bar(name, at, series, most) {
  let below = 0;
  const parts = series.map((one) => {
    const value = one.at.get(name) ?? 0;
    const height = (value / most) * HEIGHT;
    below += height;
    return value > 0 && h("rect", { class: one.kind, x: at + GAP / 2, width: 1 - GAP, y: HEIGHT - below, height });
  });
  const told = document.createElementNS("http://www.w3.org/2000/svg", "title");
  told.textContent = [day(name), ...series.map((one) => `${one.name} ${count(one.at.get(name) ?? 0)}`)].join("\n");
  // What the pointer may be anywhere over, so that a day with little is told as easily.
  return h("g", null, told, h("rect", { class: "ground", x: at, width: 1, y: 0, height: HEIGHT }), parts);
}

function numbers(caption, days, series, total) {
  const rows = days.filter((one) => total(one)).reverse().map((one) => [
    day(one), ...series.map((kind) => count(kind.at.get(one) ?? 0)), count(total(one))]);
  if (!rows.length) return h("p", null, "Nothing on any day.");
  const heads = [...series.map((one) => one.name), "All"].map((head) => ({ head, number: true }));
  return table(caption, ["Day", ...heads], rows);
}

const named = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
const day = (name) => named.format(new Date(`${name}T00:00:00Z`));
