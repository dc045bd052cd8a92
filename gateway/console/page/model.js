// What there is to know of one model: how it is, what it takes and gives, how good it was, and its report.

import { ask } from "./ask.js";
import { badge, h, s } from "./dom.js";
import { number } from "./figures.js";
import { picture, range } from "./distribution.js";

const NUMBERS = new Set(["Value", "95 % interval", "Bar"]);
const SIGNED = { at_least: "≥", at_most: "≤" };

export class ModelDialog {
  constructor(element) {
    this.element = element;
    element.addEventListener("click", (event) => {
      if (event.target === element) element.close();
    });
  }

  async show(name) {
    const close = h("button", {
      type: "button",
      class: "close",
      "aria-label": "Close",
      text: "✕",
      onclick: () => this.element.close(),
    });
    const body = h("div", { class: "body", tabindex: "0" }, h("p", { class: "quiet", text: "Asking the model …" }));
    this.element.replaceChildren(h("header", {}, h("h2", { id: "model-name", text: name }), close), body);
    this.element.showModal();
    try {
      const { document } = await ask(`console/models/${name}`);
      body.replaceChildren(...details(name, document));
    } catch (error) {
      body.replaceChildren(badge("bad", error.message));
    }
  }
}

function details(name, { contract, profile, changed }) {
  const parts = [
    h("p", { class: "lead", text: contract.description }),
    facts({
      Version: contract.version,
      Runtime: contract.runtime && `${contract.runtime}: ${contract.runtime_reason}`,
      Trained: contract.provenance?.trained && new Date(contract.provenance.trained).toLocaleString("en-GB"),
      Rows: contract.provenance && `${contract.provenance.training_rows} of ${contract.provenance.rows} for training`,
    }),
  ];
  if (changed)
    parts.push(
      h("h3", { text: "Changed while this gateway ran" }),
      h("p", {
        text: `${changed.from} gave way to ${changed.to} at ${new Date(changed.at).toLocaleString("en-GB")}${changed.changes.length ? `, with ${changed.changes.length} changes for callers` : ", without a change for callers"}.`,
      }),
    );
  if (contract.metrics) parts.push(h("h3", { text: "Against the bar, on held-out rows" }), metrics(contract.metrics));
  for (const one of contract.decisions ?? []) {
    const text =
      one.by === "threshold"
        ? `${one.output} is ${one.at_or_above} where ${one.score} reaches ${number(one.threshold)}, else ${one.below}.`
        : `${one.output} is the value with the largest score.`;
    parts.push(h("h3", { text: "The decision" }), h("p", { text }));
  }
  parts.push(
    h("h3", { text: "Outputs" }),
    fields(contract.outputs, profile?.outputs),
    h("h3", { text: `Features (${contract.features.length})` }),
    fields(contract.features, profile?.features),
  );
  if (contract.card)
    parts.push(
      h("h3", { text: "Use" }),
      facts({
        "Intended for": contract.card.intended_use,
        "Not for": contract.card.not_for,
        Data: contract.card.data_source,
      }),
    );
  if (contract.metrics) parts.push(h("h3", { text: "Training report" }), report(name));
  return parts;
}

function facts(pairs) {
  return h(
    "dl",
    { class: "facts" },
    Object.entries(pairs)
      .filter(([, value]) => value)
      .map(([key, value]) => h("div", {}, h("dt", { text: key }), h("dd", { text: value }))),
  );
}

/** Draw each metric with its interval and its bar, between 0 and the largest of them. */
function metrics(all) {
  const rows = Object.entries(all).map(([name, its]) => {
    const bars = Object.keys(SIGNED).filter((key) => its[key] !== undefined);
    const good = bars.every((key) => (key === "at_least" ? its.value >= its[key] : its.value <= its[key]));
    const most =
      Math.max(its.high, its.value, ...bars.map((key) => its[key])) <= 1 && Math.min(its.low, its.value) >= 0
        ? 1
        : Math.max(its.high, its.value, ...bars.map((key) => its[key])) * 1.05;
    const least = Math.min(0, its.low, its.value, ...bars.map((key) => its[key])),
      at = (value) => Math.max(0, Math.min(100, (100 * (value - least)) / (Math.max(0, most) - least || 1)));
    const image = s(
      "svg",
      { class: "bullet", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
      s("rect", { class: "track", y: 4, width: 100, height: 4 }),
      s("rect", {
        class: "interval",
        x: at(its.low),
        width: Math.max(0.5, at(its.high) - at(its.low)),
        y: 2,
        height: 8,
      }),
      s("line", {
        class: "mark",
        x1: at(its.value),
        x2: at(its.value),
        y1: 0,
        y2: 12,
        "vector-effect": "non-scaling-stroke",
      }),
      bars.map((key) =>
        s("line", {
          class: "threshold",
          x1: at(its[key]),
          x2: at(its[key]),
          y1: 0,
          y2: 12,
          "vector-effect": "non-scaling-stroke",
        }),
      ),
    );
    return h(
      "tr",
      {},
      h("th", { scope: "row", text: name.replaceAll("_", " ") }),
      h("td", { class: "n", text: number(its.value) }),
      h("td", {}, image),
      h("td", { class: "n", text: `${number(its.low)} – ${number(its.high)}` }),
      h("td", { class: "n", text: bars.map((key) => `${SIGNED[key]} ${number(its[key])}`).join(", ") || "none" }),
      h("td", {}, badge(good ? "good" : "bad", good ? "passed" : "missed")),
    );
  });
  return table(["Metric", "Value", "", "95 % interval", "Bar", "Verdict"], rows, "Metrics");
}

function fields(all, profiles) {
  const rows = all.map((field) => {
    const entry = profiles?.[field.name],
      numeric = field.type === "number" || field.type === "integer";
    const bounds = numeric
      ? [field.minimum ?? "−∞", field.maximum ?? "∞"]
          .map((one) => (typeof one === "number" ? number(one) : one))
          .join(" … ")
      : (field.categories ?? []).join(", ");
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("code", { text: field.name }),
        h("span", { class: "quiet block", text: field.description }),
      ),
      h("td", { text: `${field.type}${field.nullable ? ", or null" : ""}` }),
      h("td", { text: field.unit ?? "" }),
      h("td", { text: bounds }),
      h(
        "td",
        {},
        entry && numeric
          ? picture(entry, range(entry, []), { label: `How ${field.name} was distributed in training`, height: 24 })
          : null,
      ),
    );
  });
  return table(["Name", "Type", "Unit", "Bounds or values", "In training"], rows, "Fields");
}

function table(heads, rows, label) {
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          heads.map((head) =>
            head ? h("th", { scope: "col", text: head, class: NUMBERS.has(head) ? "n" : null }) : h("td"),
          ),
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}

/** Offer the report: beside this page, or in it when that is wanted, for it may have megabytes. */
function report(name) {
  const path = `console/models/${name}/report`,
    place = h("div");
  const here = h("button", {
    type: "button",
    text: "Show it here",
    onclick: () => {
      place.replaceChildren(h("iframe", { src: path, title: `Training report of ${name}`, sandbox: "" }));
      here.remove();
    },
  });
  return h(
    "div",
    {},
    h("p", { class: "bar" }, h("a", { href: path, target: "_blank", rel: "noopener", text: "Open in a tab" }), here),
    place,
  );
}
