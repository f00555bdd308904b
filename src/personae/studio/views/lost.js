// An address that leads nowhere.

import { h } from "../lib/dom.js";
import { to } from "../lib/router.js";

export const title = "There is nothing here";

export const show = () => h("p", null, "The address may be old. ", h("a", { href: to("/") }, "Go to the start"), ".");
