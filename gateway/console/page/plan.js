// What a route runs, as a tree of branches.

import { h } from "./dom.js";

/** Say what kind of plan it is, and what it does beside its branches. */
export function what({ kind, told }) {
  return [kind, told].filter(Boolean).join(" ");
}

/** Name the models that every request to a plan asks: of the branches of a split, say, each has a part of them only. */
export function always({ name, kind, branches }) {
  if (!branches) return [name];
  const asked = {
    ensemble: branches,
    sequence: branches,
    shadow: branches.slice(0, 1),
    fallback: branches.slice(0, 1),
    switch: branches.filter(({ label }) => label === "asked before"),
  };
  return (asked[kind] ?? []).flatMap(always);
}

/** Draw the branches of a plan, each with what it is there; null where there are none. Spans, since a button holds it. */
export function branches(tree) {
  if (!tree.branches) return null;
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
        branches(branch),
      ),
    ),
  );
}
