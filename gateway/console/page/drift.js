// Drift: what candidates answer otherwise; and what comes now over what there was in training, what moved most first.

import { ask } from "./ask.js";
import { badge, h, s, write } from "./dom.js";
import { number, percent } from "./figures.js";
import { shadows } from "./shadow.js";

const EVERY_MS = 5000;

export class DriftView {
  constructor(root) {
    this.body = h("div", { class: "drift" });
    this.shadows = h("div", { class: "shadows" });
    this.names = [];
    this.note = h("p", { class: "quiet", role: "status", text: "…" });
    this.legend = h(
      "p",
      { class: "quiet key" },
      s(
        "svg",
        { viewBox: "0 0 24 10", "aria-hidden": "true" },
        s("rect", { class: "training", width: 24, height: 10 }),
      ),
      " training ",
      s(
        "svg",
        { viewBox: "0 0 24 10", "aria-hidden": "true" },
        s("polyline", { class: "now", points: "0,8 8,8 8,3 16,3 16,6 24,6" }),
      ),
      " now",
    );
    // Shadows are few and short: beneath the fields of all models nobody would find them.
    root.append(this.shadows, h("div", { class: "bar" }, h("h2", { text: "Drift" }), this.legend), this.note, this.body);
  }

  visible(here) {
    clearInterval(this.timer);
    this.timer = null;
    if (!here) return;
    this.load();
    this.timer = setInterval(() => this.load(), EVERY_MS);
  }

  learn(state) {
    this.names = state.routes.filter(({ kind }) => kind === "shadow").map(({ name }) => name);
  }

  take() {}

  async load() {
    try {
      const { document } = await ask("console/drift"),
        models = Object.entries(document.models).filter(([, its]) => its.rows);
      write(
        this.note,
        models.length
          ? "What moved most comes first. PSI is the population stability index, KS the distance of Kolmogorov and Smirnov; both are 0 where nothing moved."
          : "No data yet: distributions are compared when records have come.",
      );
      this.render(models);
    } catch (error) {
      write(this.note, error.status === 404 ? "No data yet: this gateway compares no distributions." : error.message);
      this.render([]);
    }
    const told = await shadows(this.names);
    this.shadows.replaceChildren(...(told.length ? [h("h2", { text: "Shadows" }), ...told] : []));
  }

  render(models) {
    this.body.replaceChildren(
      ...models.map(([name, its]) =>
        h(
          "section",
          {},
          h(
            "h3",
            {},
            name,
            " ",
            h("code", { class: "quiet", text: its.version }),
            h("span", { class: "quiet", text: ` ${its.rows} rows` }),
          ),
          h("div", { class: "cards" }, its.fields.map(field)),
        ),
      ),
    );
  }
}

/** Draw one field: training filled, now as a line; shares are by bin, so that both can be compared at a glance. */
function field(one) {
  const [kind, word] = one.alarm
    ? ["bad", "moved"]
    : one.live.shares
      ? ["good", "within chance"]
      : ["calm", "too few rows to compare"];
  const training = one.training.shares,
    live = one.live.shares ?? [],
    bins = training.length,
    most = Math.max(0.0001, ...training, ...live),
    wide = 100 / bins;
  const image = s(
    "svg",
    {
      viewBox: "0 0 100 40",
      preserveAspectRatio: "none",
      class: "overlay",
      role: "img",
      "aria-label": `${one.name}: ${word}${one.psi === null ? "" : `, population stability index ${number(one.psi)}`}`,
    },
    training.map((share, index) =>
      s("rect", {
        class: "training",
        x: index * wide,
        width: wide * 0.94,
        y: 40 - (38 * share) / most,
        height: (38 * share) / most,
      }),
    ),
    live.length
      ? s("polyline", {
          class: "now",
          "vector-effect": "non-scaling-stroke",
          points: live
            .flatMap((share, index) =>
              [index, index + 1].map((at) => `${(at * wide).toFixed(2)},${(40 - (38 * share) / most).toFixed(2)}`),
            )
            .join(" "),
        })
      : null,
  );
  const unit = one.unit ? ` ${one.unit}` : "",
    scale = one.training.edges
      ? [number(one.training.edges[0]), number(one.training.edges.at(-1)) + unit]
      : words(one.training.values.map(number), unit);
  return h(
    "article",
    { class: "card" },
    h("h4", {}, h("code", { text: one.name }), h("span", { class: "quiet", text: one.kind })),
    badge(kind, word),
    image,
    h(
      "p",
      { class: scale.length > 2 ? "each quiet" : "ends quiet" },
      scale.map((text) => h("span", { text })),
    ),
    h(
      "dl",
      { class: "small" },
      [
        ["PSI", one.psi === null ? "–" : number(one.psi)],
        ["KS", one.ks === null || one.ks === undefined ? "–" : number(one.ks)],
        ["missing", percent(one.missing)],
        ["unseen", percent(one.unseen)],
      ].map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))),
    ),
  );
}

/** Give the values beneath their bars, or the ends where there is no room for all. */
function words(values, unit) {
  return values.length > 6 || values.join("  ").length > 32 ? [values[0], values.at(-1) + unit] : values;
}
