// Every place of the studio. A view is loaded when somebody first goes there, and exports
// `title` and `show({ params, query, signal, retitle })`, which makes its node.

const at = (path, file) => ({ path, load: () => import(`./views/${file}.js`) });

export const ROUTES = [
  at("/", "create"),
  at("/swaps", "swaps"),
  at("/swaps/:id", "swap"),
  at("/faces", "faces"),
  at("/inspect", "inspect"),
  at(".*", "lost"),
];

/** What the menu offers to whom: [group, [path, words][]][]. */
export function places(session) {
  return [
    ["", [
      ["/", "New swap"],
      ["/swaps", "History"],
      ["/faces", "Face library"],
      ["/inspect", "Made here?"],
    ]],
  ];
}
