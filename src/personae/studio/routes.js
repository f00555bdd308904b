// Every place of the studio. A view is loaded when somebody first goes there, and exports
// `title` and `show({ params, query, signal, retitle })`, which makes its node.

const at = (path, file, scope = null) => ({ path, scope, load: () => import(`./views/${file}.js`) });

export const ROUTES = [
  at("/", "create", "swaps:write"),
  at("/swaps", "swaps", "swaps:read"),
  at("/swaps/:id", "swap", "swaps:read"),
  at("/faces", "faces", "faces:read"),
  at("/usage", "usage", "account:read"),
  at("/keys", "keys", "keys:write"),
  at("/webhooks", "webhooks", "webhooks:write"),
  at("/webhooks/deliveries/:id", "delivery", "webhooks:write"),
  at("/account", "account", "account:read"),
  at("/admin/tenants", "tenants", "admin"),
  at("/admin/tenants/:id", "tenant", "admin"),
  at("/admin/work", "work", "admin"),
  at("/admin/register", "admin-register", "admin"),
  at("/admin/audit", "admin-audit", "admin"),
  at("/admin/takedowns", "takedowns", "admin"),
  at("/inspect", "inspect"),
  at(".*", "lost"),
];

/** What is shown in the stead of a place that the key does not open. */
export const CLOSED = at("", "closed");

const MENU = [
  ["", [["/", "New swap"], ["/swaps", "History"], ["/faces", "Face library"], ["/inspect", "Made here?"]]],
  ["Account", [["/usage", "Usage"], ["/keys", "Keys"], ["/webhooks", "Webhooks"], ["/account", "Account"]]],
  ["Operator", [
    ["/admin/tenants", "Tenants"], ["/admin/work", "Queues and workers"], ["/admin/register", "Do-not-swap register"],
    ["/admin/audit", "Audit log"], ["/admin/takedowns", "Takedowns"],
  ]],
];

/** Whether the key that is signed in opens a route. */
export const opens = (session, route) => !route.scope || session.can(route.scope);

/** What the menu offers to whom: [group, [path, words][]][]. */
export function places(session) {
  const open = ([path]) => opens(session, ROUTES.find((one) => one.path === path));
  return MENU.map(([group, links]) => [group, links.filter(open)]).filter(([, links]) => links.length);
}

/** Where one begins. */
export function home(session) {
  if (session.can("swaps:write")) return "/";
  return session.account?.operator ? "/admin/tenants" : places(session)[0][1][0][0];
}
