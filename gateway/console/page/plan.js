// What a route runs, as a tree of branches.

import { h } from "./dom.js";

/** Join routes to trees: a branch that is a route has the branches of that, the same ones wherever it is named. */
export function joined(routes) {
  const known = new Map(routes.map((route) => [route.name, { ...route, branches: [] }]));
  for (const { name, branches } of routes)
    for (const branch of branches)
      known.get(name).branches.push({ ...branch, branches: known.get(branch.name)?.branches ?? [] });
  return [...known.values()];
}

/** Say what kind of plan it is, and what it does beside its branches. */
export function what({ kind, told }) {
  return [kind, told].filter(Boolean).join(" ");
}

/** Name the models below a plan, by the branches that are `chosen` of each; those of a route are named once. */
function below(tree, chosen, seen = new Set()) {
  if (seen.has(tree.name)) return [];
  seen.add(tree.name);
  if (tree.kind === "model") return [tree.name];
  return chosen(tree).flatMap((one) => below(one, chosen, seen));
}

/** Name the models that every request to a plan asks: of the branches of a split, say, each has a part of them only. */
export function always(tree) {
  return below(tree, ({ kind, branches }) => {
    if (["ensemble", "sequence"].includes(kind)) return branches;
    if (["shadow", "fallback"].includes(kind)) return branches.slice(0, 1);
    return branches.filter(({ label }) => label === "asked before");
  });
}

/** Name the models that a plan may ask for its callers' answers. */
export function answering(tree) {
  return below(tree, ({ kind, branches }) => (kind === "shadow" ? branches.slice(0, 1) : branches));
}

/** Name those, and the candidates in the shadow of others. */
export function asked(tree) {
  return below(tree, ({ branches }) => branches);
}

/** Draw the branches of a plan, each with what it is there; null where there are none. Spans, since a button holds it.
 * Each route below it is drawn once: there may be millions of ways to one. */
export function branches(tree, seen = new Set()) {
  if (!tree.branches.length) return null;
  seen.add(tree.name);
  return h(
    "span",
    { class: "branches" },
    tree.branches.map((branch) =>
      h(
        "span",
        { class: "branch" },
        branch.label ? h("span", { class: "label", text: branch.label }) : null,
        " ",
        h("b", { text: branch.name }),
        branch.kind === "model" ? null : h("span", { class: "quiet", text: ` ${what(branch)}` }),
        seen.has(branch.name) ? h("span", { class: "quiet", text: ", see above" }) : branches(branch, seen),
      ),
    ),
  );
}
