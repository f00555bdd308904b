// Where one is, is in the address: #/swaps/task_…?status=failed. A reload comes back to the same.

/** The place that the address names: { path, query }. */
export function here() {
  const [path, query = ""] = (location.hash.replace(/^#/, "") || "/").split("?", 2);
  return { path: path || "/", query: new URLSearchParams(query) };
}

/** The address of a place. */
export function to(path, query = {}) {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") told.append(name, one);
    }
  }
  return `#${path}${told.size ? `?${told}` : ""}`;
}

/** Go there, as by a link. */
export const go = (path, query) => { location.hash = to(path, query); };

/** Change the query of this place without leaving it (filters, pages). */
export function note(query) {
  history.replaceState(null, "", to(here().path, query));
}

/**
 * The first route that a path fits, and its parameters.
 * @param {Array<{path: string}>} routes paths such as "/swaps/:id"
 */
export function match(routes, path) {
  for (const route of routes) {
    const names = [];
    const pattern = route.path.replace(/:(\w+)/g, (_, name) => (names.push(name), "([^/]+)"));
    const found = new RegExp(`^${pattern}$`).exec(path);
    if (found) {
      return { route, params: Object.fromEntries(names.map((one, at) => [one, decodeURIComponent(found[at + 1])])) };
    }
  }
  return null;
}
