// The answer of each model as a picture: a score against its threshold, and within what training gave.

import { badge, h, s } from "./dom.js";
import { number } from "./figures.js";
import { below, picture, place, range } from "./distribution.js";

/** Draw the first prediction of an answer, and where the record lies in the population. */
export function answers(document, route, models, record) {
  return [...drawn(route, document.predictions[0], { document, models }), population(models, record)];
}

/** Draw what a plan answered: a model as a picture, an ensemble by its members, and of all others who it was. */
function drawn(node, prediction, given) {
  const { document, models } = given,
    { branches } = node;
  if (prediction === null) return [missing(node.name, document.errors?.[node.name])];
  if (models[node.name]?.contract.outputs.every(({ name }) => name in prediction))
    return [model(node.name, prediction, models[node.name], document.models[node.name]?.version)];
  if (node.kind === "ensemble") {
    if (branches.every(({ name }) => typeof prediction[name] === "object"))
      return branches.flatMap((branch) => drawn(branch, prediction[branch.name], given));
    const silent = branches.filter(({ name }) => document.errors?.[name]);
    return [aggregate(node, prediction, models), ...silent.map(({ name }) => missing(name, document.errors[name]))];
  }
  const who = answering(node, branches, prediction);
  if (!who) return [values(node, prediction)];
  const way = h("p", {}, `${node.name} → `, h("strong", { text: who.name }), " ", quiet(who.label)),
    { [node.name]: said, ...others } = prediction;
  return [way, ...drawn(who, said === who.name ? others : prediction, given)];
}

/** Give the branch whose answer it is: the answer has its name below that of the plan, or there is one only. */
function answering(node, branches, prediction) {
  if (node.kind === "shadow") return branches[0];
  if (node.kind === "sequence") return branches.at(-1);
  // Who was asked before may answer too, and several cases may lead to the same branch.
  const found = branches.filter(({ name, label }) => name === prediction[node.name] && label !== "asked before");
  return found.length ? { ...found[0], label: found.map(({ label }) => label).join(" or ") } : undefined;
}

/** Draw one answer of several as that of a model which gives the same; what training gave was of one model only. */
function aggregate(node, prediction, models) {
  const like = Object.values(models).find(({ contract }) =>
    contract.outputs.every(({ name }) => (prediction[name] ?? null) !== null),
  );
  return like ? model(node.name, prediction, { contract: like.contract }, node.told) : values(node, prediction);
}

/** List what is no picture. */
function values({ name: title, kind, told }, prediction) {
  const lines = (document, at) =>
    Object.entries(document).flatMap(([name, value]) =>
      value !== null && typeof value === "object"
        ? lines(value, `${at}${name}.`)
        : h("p", {}, h("strong", { text: typeof value === "number" ? number(value) : String(value ?? "—") }), " ", quiet(at + name)),
    );
  return h("article", { class: "card" }, h("h3", {}, title, " ", quiet(kind === "stored" ? "a stored answer" : told)), lines(prediction, ""));
}

function quiet(text) {
  return h("span", { class: "quiet", text: text ?? "" });
}

function missing(name, problem) {
  return h("article", { class: "card" }, h("h3", { text: name }), badge("bad", problem?.detail ?? "no answer"));
}

function model(name, prediction, told, note) {
  const { contract, profile } = told,
    decisions = contract.decisions ?? [],
    drawn = new Set(),
    pictures = [];
  for (const decision of decisions) {
    if (decision.by === "threshold") pictures.push(againstThreshold(decision, prediction, contract, profile));
    else pictures.push(largest(decision, prediction, contract));
    drawn.add(decision.output).add(decision.score);
  }
  const scored = new Set(
    decisions
      .filter((one) => one.by === "largest")
      .flatMap((one) =>
        contract.outputs.filter((output) => one.columns.includes(output.column)).map((output) => output.name),
      ),
  );
  for (const output of contract.outputs) {
    if (drawn.has(output.name) || scored.has(output.name)) continue;
    pictures.push(
      output.type === "number" || output.type === "integer"
        ? within(output, prediction[output.name], profile)
        : h(
            "p",
            {},
            h("strong", { text: String(prediction[output.name]) }),
            h("span", { class: "quiet", text: ` ${output.name}` }),
          ),
    );
  }
  return h(
    "article",
    { class: "card" },
    h("h3", {}, name, " ", h("code", { class: "quiet", text: note ?? "" })),
    pictures,
  );
}

/** Draw a score and the threshold that decides. */
function againstThreshold(decision, prediction, contract, profile) {
  const output = contract.outputs.find((one) => one.name === decision.score),
    value = prediction[decision.score],
    entry = profile?.outputs?.[decision.score];
  const span = range(
    entry,
    [value, decision.threshold],
    output.minimum !== undefined && output.maximum !== undefined ? output : {},
  );
  const reached = value >= decision.threshold,
    share = (100 * (decision.threshold - span[0])) / (span[1] - span[0]);
  const zones = s(
    "svg",
    { class: "zones", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "under", width: share, height: 6 }),
    s("rect", { class: "over", x: share, width: Math.max(0, 100 - share), height: 6 }),
  );
  const label = `${decision.score} ${number(value)}, the threshold is ${number(decision.threshold)}`;
  return h(
    "figure",
    {},
    h(
      "p",
      { class: "verdict" },
      h("strong", { text: `${decision.output}: ${prediction[decision.output]}` }),
      h("span", { text: `${decision.score} ${number(value)}${output.unit ? ` ${output.unit}` : ""}` }),
    ),
    picture(entry, span, { value, threshold: decision.threshold, label }),
    zones,
    h(
      "p",
      { class: "ends quiet", "aria-hidden": "true" },
      h("span", { text: String(decision.below) }),
      h("span", { text: String(decision.at_or_above) }),
    ),
    h(
      "figcaption",
      {},
      h("span", { text: `${reached ? "reaches" : "stays below"} the threshold of ${number(decision.threshold)}` }),
      h("span", { class: "quiet", text: place(entry, value) }),
    ),
  );
}

/** Draw the scores of all values, the largest of which decides. */
function largest(decision, prediction, contract) {
  const target = contract.outputs.find((one) => one.name === decision.output),
    values = target.type === "boolean" ? [false, true] : target.categories;
  const rows = decision.columns
    .map((column, index) => [
      values[index],
      prediction[contract.outputs.find((output) => output.column === column)?.name],
    ])
    .filter(([, score]) => score !== undefined);
  const most = Math.max(1, ...rows.map(([, score]) => score));
  return h(
    "figure",
    {},
    h("p", { class: "verdict" }, h("strong", { text: `${decision.output}: ${prediction[decision.output]}` })),
    h(
      "div",
      { class: "lanes three" },
      rows.flatMap(([value, score]) => [
        h("span", { text: String(value) }),
        s(
          "svg",
          { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
          s("rect", { class: "track", width: 100, height: 10 }),
          s("rect", {
            class: value === prediction[decision.output] ? "call" : "encode",
            width: Math.max(0, (100 * score) / most),
            height: 10,
          }),
        ),
        h("span", { class: "n", text: number(score) }),
      ]),
    ),
  );
}

function within(output, value, profile) {
  const entry = profile?.outputs?.[output.name];
  return h(
    "figure",
    {},
    h(
      "p",
      { class: "verdict" },
      h("strong", { text: `${number(value)}${output.unit ? ` ${output.unit}` : ""}` }),
      h("span", { text: output.name }),
    ),
    entry
      ? picture(entry, range(entry, [value]), { value, label: `${output.name} in training, and the answer` })
      : null,
    h("figcaption", { class: "quiet", text: place(entry, value) }),
  );
}

/** List the features that are farthest from the middle of training: what is unusual first. */
function population(models, record) {
  const entries = {};
  for (const { profile } of Object.values(models))
    for (const [name, entry] of Object.entries(profile?.features ?? {})) entries[name] ??= entry;
  const found = Object.entries(record)
    .map(([name, value]) => ({ name, value, entry: entries[name], share: below(entries[name], value) }))
    .filter((one) => one.share !== null);
  if (!found.length) return h("p");
  found.sort((a, b) => Math.abs(b.share - 0.5) - Math.abs(a.share - 0.5));
  return h(
    "article",
    { class: "card" },
    h("h3", { text: "The record among the population" }),
    h("p", { class: "quiet", text: "What is farthest from the middle of training first." }),
    h(
      "div",
      { class: "lanes three population" },
      found.slice(0, 8).flatMap(({ name, value, entry, share }) => [
        h("code", { text: name }),
        s(
          "svg",
          {
            class: "percentile",
            viewBox: "0 0 100 10",
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": `${name}: ${place(entry, value)}`,
          },
          s("rect", { class: "track", width: 100, height: 10 }),
          s("rect", { class: "middle", x: 25, width: 50, height: 10 }),
          s("line", {
            class: "mark",
            x1: 100 * share,
            x2: 100 * share,
            y1: 0,
            y2: 10,
            "vector-effect": "non-scaling-stroke",
          }),
        ),
        h("span", { class: "quiet", text: place(entry, value).replace(" of training", "") }),
      ]),
    ),
  );
}
