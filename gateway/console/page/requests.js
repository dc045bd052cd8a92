// The last requests, and the way that one took.

import { ask } from "./ask.js";
import { badge, h, write } from "./dom.js";
import { clock, ms } from "./figures.js";
import { way } from "./way.js";

const MOST = 400;

/** Give what tells a request from all others, of a gateway that began anew too: its numbers begin anew with it. */
function key(one) {
  return `${one.number} ${one.time}`;
}

/** Have a place hold these rows: those that stay are not touched, so that they keep the focus, and the page its place. */
function hold(place, rows) {
  const wanted = new Set(rows);
  for (const row of [...place.children]) if (!wanted.has(row)) row.remove();
  let at = place.firstElementChild;
  for (const row of rows) {
    if (row === at) at = at.nextElementSibling;
    else place.insertBefore(row, at);
  }
}

/** Say how a request ended. */
function ending(one) {
  if (one.status === null) return badge("warn", "no answer");
  return badge(
    one.status < 400 ? (one.missing ? "warn" : "good") : one.status < 500 ? "warn" : "bad",
    String(one.status),
  );
}

export class RequestsView {
  constructor(root) {
    this.all = [];
    this.rows = new Map();
    this.open = new Set();
    this.newest = 0;
    this.here = false;
    this.body = h("tbody");
    this.filter = h("input", {
      type: "search",
      id: "filter",
      placeholder: "id, route, reason, caller",
      oninput: () => this.render(),
    });
    this.only = h("input", { type: "checkbox", onchange: () => this.render() });
    this.pause = h("button", { type: "button", "aria-pressed": "false", text: "Pause", onclick: () => this.toggle() });
    this.note = h("p", { class: "quiet", role: "status" });
    const heads = ["Time", "Id", "Route", "Status", "Reason", "Rows", "Took"];
    root.append(
      h(
        "div",
        { class: "bar" },
        h("h2", { text: "Last requests" }),
        h("label", { class: "field" }, h("span", { text: "Find" }), this.filter),
        h("label", { class: "check" }, this.only, " only what was not answered well"),
        this.pause,
      ),
      this.note,
      h(
        "div",
        { class: "wide", tabindex: "0", role: "region", "aria-label": "Last requests" },
        h(
          "table",
          { class: "requests" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              heads.map((name) =>
                h("th", { scope: "col", text: name, class: ["Rows", "Took"].includes(name) ? "n" : null }),
              ),
            ),
          ),
          this.body,
        ),
      ),
    );
  }

  visible(here) {
    if (here && !this.here) this.render(true);
    this.here = here;
  }

  learn(state) {
    this.keeps = state.keeps;
  }

  toggle() {
    this.paused = !this.paused;
    this.pause.setAttribute("aria-pressed", String(this.paused));
    write(this.pause, this.paused ? "Go on" : "Pause");
    this.render();
  }

  /** Ask for all that is kept: at first, and after events were missed. */
  async load() {
    try {
      const { document } = await ask("console/requests");
      this.all = document.requests;
      this.newest = document.number;
      this.render(true);
    } catch {
      // The stream says that there is no connection, and this is asked for again when there is one.
    }
  }

  take(event) {
    const fresh = event.records.filter((one) => one.number > this.newest);
    const missed = event.number - this.newest - fresh.length;
    this.all = [...fresh, ...this.all].slice(0, MOST);
    this.newest = Math.max(this.newest, event.number);
    this.missed = missed > 0 ? missed : 0;
    if (fresh.length) this.render();
  }

  render(always = false) {
    if (!always && (!this.here || this.paused)) {
      if (this.paused) write(this.note, "Paused: requests go on, and are shown when you go on.");
      return;
    }
    const find = this.filter.value.trim().toLowerCase();
    const shown = this.all.filter(
      (one) =>
        (!this.only.checked || one.status === null || one.status >= 400 || one.missing) &&
        (!find || [one.id, one.route, one.reason, one.caller, one.status].join(" ").toLowerCase().includes(find)),
    );
    write(
      this.note,
      this.all.length
        ? `${shown.length} of ${this.all.length} requests${this.missed ? `; more came in the last second than are shown` : ""}. ${this.keeps ? "Records and answers are in the prediction log only." : "Neither records nor answers are kept."}`
        : "No request has named a model or a route yet.",
    );
    const rows = new Map();
    hold(
      this.body,
      shown.flatMap((one) => {
        const row = this.rows.get(key(one)) ?? this.row(one);
        rows.set(key(one), row);
        return this.open.has(key(one)) ? [row.line, row.way ?? (row.way = way(one))] : [row.line];
      }),
    );
    this.rows = rows;
  }

  row(one) {
    const button = h(
      "button",
      {
        type: "button",
        class: "link",
        "aria-expanded": String(this.open.has(key(one))),
        "aria-label": `The way of ${one.id}`,
        onclick: () => {
          if (!this.open.delete(key(one))) this.open.add(key(one));
          button.setAttribute("aria-expanded", String(this.open.has(key(one))));
          this.render(true);
        },
      },
      h("code", { text: one.id }),
    );
    const line = h(
      "tr",
      {},
      h("td", { text: clock(one.time) }),
      h("td", {}, button),
      h(
        "td",
        {},
        one.route,
        one.ways?.[one.route]
          ? h("span", { class: "quiet", text: ` → ${Object.keys(one.ways[one.route]).join(", ")}` })
          : null,
      ),
      h("td", {}, ending(one)),
      h("td", { text: one.reason ?? (one.missing ? `without ${Object.keys(one.missing).join(", ")}` : "") }),
      h("td", { class: "n", text: one.rows }),
      h("td", { class: "n", text: ms(one.ms.total) }),
    );
    return { line };
  }
}
