// The map: the gateway, its routes and its models, with what flows between them.

import { badge, h, write } from "./dom.js";
import { count, ms, percent } from "./figures.js";
import { HISTORY, spark } from "./spark.js";
import { branches, what } from "./plan.js";
import { health, Wires } from "./wires.js";

export class MapView {
  constructor(root, { onModel, onRoute }) {
    this.onModel = onModel;
    this.onRoute = onRoute;
    this.tiles = {};
    this.history = new Map();
    this.columns = Object.fromEntries(
      ["gate", "routes", "models"].map((name) => [name, h("div", { class: `column ${name}` })]),
    );
    this.map = h("div", { class: "map" }, Object.values(this.columns));
    this.numbers = h("dl", { class: "tiles" });
    root.append(h("h2", { class: "hidden", text: "Map" }), this.numbers, this.map);
    for (const [key, label] of [
      ["rate", "Requests a second"],
      ["failed", "Failed"],
      ["way", "Under way"],
      ["lag", "Event loop late by"],
      ["memory", "Memory"],
    ]) {
      this.tiles[key] = h("dd", { text: "–" });
      this.numbers.append(h("div", { class: "tile" }, h("dt", { text: label }), this.tiles[key]));
    }
    this.wires = new Wires(this.map);
  }

  visible(here) {
    if (here) this.wires.draw();
  }

  learn(state) {
    this.state = state;
    const gate = h(
      "div",
      { class: "card gate" },
      h("h3", { text: "Gateway" }),
      h("p", { class: "quiet", text: state.replica }),
    );
    this.gate = { element: gate, status: h("p", {}, badge("calm", "…")) };
    gate.append(this.gate.status);
    this.columns.gate.replaceChildren(gate);
    this.routes = new Map(state.routes.map((route) => [route.name, this.route(route)]));
    this.models = new Map(state.models.map((model) => [model.name, this.model(model)]));
    this.columns.routes.replaceChildren(
      h("h3", { text: "Routes" }),
      ...[...this.routes.values()].map((one) => one.element),
    );
    this.columns.models.replaceChildren(
      h("h3", { text: "Models" }),
      ...[...this.models.values()].map((one) => one.element),
    );
    this.wires.join(this.gate.element, this.routes, this.models);
  }

  route(route) {
    const cells = {
      rate: h("b"),
      p50: h("b"),
      p99: h("b"),
      spark: h("div"),
      trouble: h("p", { class: "trouble" }),
    };
    const element = h(
      "button",
      { class: "card", type: "button", onclick: () => this.onRoute(route.name), title: `Try ${route.name}` },
      h(
        "span",
        { class: "head" },
        h("strong", { text: route.name }),
        route.name === this.state.default ? h("span", { class: "tag", text: "default" }) : null,
      ),
      h("span", { class: "quiet", text: route.kind === "model" ? "one model" : what(route) }),
      branches(route),
      h("span", { class: "row" }, h("span", { class: "big" }, cells.rate, " a second"), cells.spark),
      h("span", { class: "pairs" }, h("span", {}, "p50 ", cells.p50), h("span", {}, "p99 ", cells.p99)),
      cells.trouble,
    );
    return { element, cells, of: route };
  }

  model(model) {
    const names = {
      calls: "calls a second",
      rows: "rows a call",
      ms: "a call takes",
      flight: "in flight",
      queue: "rows waiting",
    };
    const cells = Object.fromEntries(Object.keys(names).map((key) => [key, h("b", { text: "–" })]));
    const status = h("span", { class: "status" }),
      version = h("code"),
      why = h("p", { class: "trouble" });
    const element = h(
      "button",
      { class: "card", type: "button", "aria-haspopup": "dialog", onclick: () => this.onModel(model.name) },
      h("span", { class: "head" }, h("strong", { text: model.name }), status),
      version,
      h(
        "span",
        { class: "grid" },
        Object.entries(names).map(([key, name]) =>
          h("span", {}, cells[key], " ", h("span", { class: "quiet", text: name })),
        ),
      ),
      why,
    );
    return { element, cells, status, version, why };
  }

  take(event) {
    if (!this.state) return;
    const routes = Object.entries(event.routes).filter(([name]) => this.routes.has(name));
    const rate = routes.reduce((sum, [, its]) => sum + its.rate, 0);
    const failed = routes.reduce((sum, [, its]) => sum + its.rate * its.failed, 0);
    write(this.tiles.rate, count(rate));
    write(this.tiles.failed, percent(rate ? failed / rate : 0));
    write(this.tiles.way, event.under_way);
    write(this.tiles.lag, ms(event.lag_ms));
    write(this.tiles.memory, event.memory ? percent(event.memory) : "no limit");
    this.note(
      this.gate.status,
      ...(event.draining ? ["warn", "Ending"] : event.ready ? ["good", "Ready"] : ["warn", "Not ready"]),
    );
    for (const [name, its] of routes) this.takeRoute(name, its);
    for (const [name, its] of Object.entries(event.models))
      if (this.models.has(name)) this.takeModel(this.models.get(name), its);
    this.wires.flow(event);
  }

  note(place, kind, word) {
    if (place.textContent !== badge(kind, word).textContent) place.replaceChildren(badge(kind, word));
  }

  takeRoute(name, its) {
    const { cells, of } = this.routes.get(name),
      history = this.history.get(name) ?? [];
    this.history.set(name, history);
    history.push(its.rate);
    if (history.length > HISTORY) history.shift();
    write(cells.rate, count(its.rate));
    write(cells.p50, ms(its.p50_ms));
    write(cells.p99, ms(its.p99_ms));
    const told = [
      of.misfit ? `cannot be asked: ${of.misfit}` : "",
      its.failed ? `${percent(its.failed)} failed` : "",
      its.refused ? `${percent(its.refused)} refused` : "",
    ];
    write(cells.trouble, told.filter(Boolean).join(", "));
    cells.trouble.classList.toggle("bad", its.failed > 0 || Boolean(of.misfit));
    cells.spark.replaceChildren(spark(history, `${name} in the last minute: now ${count(its.rate)} requests a second`));
  }

  takeModel(card, its) {
    this.note(card.status, ...health(its));
    write(card.version, its.version ?? "no version");
    write(card.cells.calls, count(its.calls));
    write(card.cells.rows, count(its.rows_per_call));
    write(card.cells.ms, ms(its.call_ms));
    write(card.cells.flight, `${its.in_flight} of ${its.concurrency}`);
    write(card.cells.queue, count(its.queued_rows));
    const out = (its.addresses ?? []).filter((one) => !one.in).map((one) => `${one.at} is left out`);
    const told = [
      its.open
        ? its.why
        : its.failures
          ? `the last ${its.failures === 1 ? "call" : `${its.failures} calls`} failed`
          : "",
      its.again ? `${count(its.again)} a second asked again` : "",
      ...out,
    ];
    write(card.why, told.filter(Boolean).join("; "));
    card.why.classList.toggle("bad", its.open);
  }
}
