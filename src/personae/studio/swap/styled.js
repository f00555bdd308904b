// The style of these screens, loaded with the first of them.

import { h } from "../lib/dom.js";

let loading = null;

/** Resolves once `swap.css` is there (or cannot be had: the page is still of use). */
export function styled() {
  loading ??= new Promise((resolve) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/studio/swap/swap.css", onload: resolve, onerror: resolve }));
  });
  return loading;
}
