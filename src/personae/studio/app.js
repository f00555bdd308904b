// The frame of the studio: who is signed in, where one is, and what is shown there.

import { h, fill } from "./lib/dom.js";
import { refreshAccount } from "./lib/api.js";
import { wasAborted } from "./lib/errors.js";
import { count } from "./lib/format.js";
import { here, match, to } from "./lib/router.js";
import { session } from "./lib/session.js";
import { busy, errorBox } from "./lib/ui.js";
import { CLOSED, ROUTES, home, opens, places } from "./routes.js";
import { nextTheme, useTheme } from "./lib/theme.js";

const app = document.getElementById("app");
let leaving = new AbortController();

useTheme();
addEventListener("hashchange", () => session.account && show());
document.addEventListener("signed-out", (event) => signOut(event.detail));
start();

async function start() {
  if (!session.key) return signIn();
  match(ROUTES, here().path)?.route.load().catch(() => {}); // Meanwhile; `show` waits for it.
  try {
    await refreshAccount();
  } catch (error) {
    if (error.status === 401) return; // "signed-out" has been heard already.
    fill(app, h("div", { class: "center" }, errorBox(error, { retry: start, title: "The studio cannot start" })));
    return;
  }
  // The link of the first start, opened again.
  if (location.hash.startsWith("#welcome=")) history.replaceState(null, "", to("/"));
  // Not every key opens the start: an operator's does not.
  if (here().path === "/" && home(session) !== "/") history.replaceState(null, "", to(home(session)));
  frame();
  show();
}

async function signIn(why) {
  const { signInView } = await import("./views/sign-in.js");
  fill(app, signInView({ why, onsigned: start }));
  app.querySelector("h1")?.focus();
}

function signOut(why) {
  if (!session.key) return;
  leaving.abort();
  session.forget();
  signIn(why);
}

function frame() {
  const main = h("main", { id: "main", tabindex: "-1" });
  const menu = h("nav", { class: "places", id: "places", "aria-label": "Places" });
  const balance = h("a", { href: to("/usage"), class: "button tiny plain" });
  const tell = (account) => {
    balance.hidden = !account.balance;
    if (account.balance) fill(balance, `${count(account.balance.available)} credits`);
    fill(menu, placesList());
  };
  session.onchange(tell);
  const opener = h("button", {
    type: "button", class: "more plain", "aria-expanded": "false", "aria-controls": "places",
    onclick: () => opener.setAttribute("aria-expanded", String(menu.classList.toggle("open"))),
  }, "Menu");
  addEventListener("hashchange", () => {
    menu.classList.remove("open");
    opener.setAttribute("aria-expanded", "false");
  });
  fill(app,
    h("header", { class: "bar" },
      opener,
      h("a", { class: "brand", href: to(home(session)) }, h("img", { src: "/studio/mask.svg", alt: "" }), h("span", null, "Personae")),
      balance,
      h("button", { type: "button", class: "plain tiny", title: "Light, dark, or as the system", onclick: nextTheme }, "Theme"),
      h("button", { type: "button", class: "plain tiny", onclick: () => signOut() }, "Sign out")),
    h("div", { class: "frame" }, menu, main));
  tell(session.account);
}

function placesList() {
  const now = here().path;
  return places(session).map(([group, links]) => [
    group && h("div", { class: "group" }, group),
    h("ul", { "aria-label": group || "Main" }, links.map(([path, words]) => h("li", null,
      h("a", { href: to(path), "aria-current": isIn(path, now) ? "page" : null }, words)))),
  ]);
}

const isIn = (path, now) => (path === "/" ? now === "/" : now === path || now.startsWith(`${path}/`));

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const main = document.getElementById("main");
  fill(document.getElementById("places"), placesList());
  const { path, query } = here();
  const found = match(ROUTES, path);
  fill(main, busy());
  try {
    const route = found?.route ?? ROUTES.at(-1);
    const view = await (opens(session, route) ? route : CLOSED).load();
    const node = await view.show({ params: found?.params ?? {}, query, signal, retitle, scope: route.scope });
    if (signal.aborted) return;
    fill(main, h("h1", { tabindex: "-1" }, view.title), node);
    retitle(view.title);
  } catch (error) {
    if (signal.aborted || wasAborted(error)) return;
    fill(main, h("h1", { tabindex: "-1" }, "Something is in the way"), errorBox(error, { retry: show }));
  }
  scrollTo(0, 0);
  main.querySelector("h1").focus({ preventScroll: true });
}

/** Name the page, for the tab and for screen readers. */
function retitle(words) {
  document.title = `${words} · Personae`;
  const shown = document.querySelector("main h1");
  if (shown) shown.textContent = words;
}
