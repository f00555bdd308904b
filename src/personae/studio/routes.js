// Every place of the studio. A view is loaded when somebody first goes there, and exports
// `title` and `show({ params, query, signal, retitle })`, which makes its node.

const at = (path, file) => ({ path, load: () => import(`./views/${file}.js`) });

export const ROUTES = [
  at("/", "create"),
  at("/swaps", "swaps"),
  at("/swaps/:id", "swap"),
  at("/faces", "faces"),
  at("/usage", "usage"),
  at("/keys", "keys"),
  at("/webhooks", "webhooks"),
  at("/webhooks/deliveries/:id", "delivery"),
  at("/account", "account"),
  at("/admin/tenants", "tenants"),
  at("/admin/tenants/:id", "tenant"),
  at("/admin/work", "work"),
  at("/admin/register", "admin-register"),
  at("/admin/audit", "admin-audit"),
  at("/admin/takedowns", "takedowns"),
  at("/inspect", "inspect"),
  at(".*", "lost"),
];

/** What the menu offers to whom: [group, [path, words][]][]. */
export function places(session) {
  const may = (scope, path, words) => (session.can(scope) ? [[path, words]] : []);
  return [
    ["", [
      ...may("swaps:write", "/", "New swap"), ...may("swaps:read", "/swaps", "History"),
      ...may("faces:read", "/faces", "Face library"), ["/inspect", "Made here?"],
    ]],
    ["Account", [
      ...may("account:read", "/usage", "Usage"), ...may("keys:write", "/keys", "Keys"),
      ...may("webhooks:write", "/webhooks", "Webhooks"), ...may("account:read", "/account", "Account"),
    ]],
    ["Operator", [
      ...may("admin", "/admin/tenants", "Tenants"), ...may("admin", "/admin/work", "Queues and workers"),
      ...may("admin", "/admin/register", "Do-not-swap register"), ...may("admin", "/admin/audit", "Audit log"),
      ...may("admin", "/admin/takedowns", "Takedowns"),
    ]],
  ].filter(([, links]) => links.length);
}
