// A record that is tried: a form made from the contract, the answer, and the same request as code.

import { ask } from "./ask.js";
import { answers } from "./answer.js";
import { code } from "./code.js";
import { badge, byId, h, write } from "./dom.js";
import { RecordForm } from "./form.js";
import { ms } from "./figures.js";
import { phases } from "./timing.js";

export class TryView {
  constructor(root) {
    this.pick = h("select", { id: "try-route", onchange: () => (location.hash = `try/${this.pick.value}`) });
    this.send = h("button", { type: "submit", class: "main", text: "Ask", disabled: true });
    this.address = h("input", { id: "try-address", type: "url", spellcheck: "false", oninput: () => this.renew() });
    this.fields = h("div", { class: "fields" });
    this.pasted = h("textarea", {
      id: "try-paste",
      rows: "4",
      spellcheck: "false",
      placeholder: '{"name": 1.5, …}  or  name,other⏎1.5,2',
    });
    this.pasteNote = h("p", { role: "status", class: "quiet" });
    this.answer = h(
      "div",
      { class: "answer", role: "region", "aria-live": "polite", "aria-label": "Answer" },
      h("p", { class: "quiet", text: "The answer comes here." }),
    );
    this.codes = h("div", { class: "codes" });
    const button = (text, work) => h("button", { type: "button", text, onclick: work });
    const form = h(
      "form",
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          this.ask();
        },
      },
      h(
        "div",
        { class: "bar" },
        h("h2", { text: "Try" }),
        h("label", { class: "field" }, h("span", { text: "Route" }), this.pick),
        button("Fill with the example", () => this.fill()),
        button("Clear", () => this.form?.set({}, true)),
        this.send,
      ),
      h(
        "details",
        {},
        h("summary", { text: "Paste a record as JSON or CSV" }),
        h("label", { for: "try-paste", class: "hidden", text: "Record" }),
        this.pasted,
        h(
          "div",
          { class: "bar" },
          button("Take over", () => this.paste()),
          this.pasteNote,
        ),
      ),
      this.fields,
    );
    root.append(
      h(
        "div",
        { class: "try" },
        form,
        h(
          "div",
          { class: "side" },
          this.answer,
          h(
            "section",
            {},
            h("h3", { text: "The same as code" }),
            h("label", { class: "field" }, h("span", { text: "Address of the public side" }), this.address),
            this.codes,
          ),
        ),
      ),
    );
  }

  visible(here, route) {
    if (!here || !this.state) return;
    const known = (name) => this.state.routes.some((one) => one.name === name),
      name = [route, this.route?.name, this.typed?.route].find(known) ?? this.state.default;
    if (name !== this.route?.name) this.choose(name);
  }

  /** Take what is served now; a form is made anew where its route or a model of it changed, with what was typed. */
  learn(state) {
    const before = this.route && this.parts(this.route.name);
    this.state = state;
    if (this.route && before !== this.parts(this.route.name)) {
      this.typed = this.form && { route: this.route.name, values: this.form.values() };
      this.route = undefined;
    }
    this.pick.replaceChildren(...state.routes.map((route) => h("option", { value: route.name, text: route.name })));
    if (this.route) this.pick.value = this.route.name;
    if (!this.address.value) this.address.value = `http://${location.hostname}:${state.port}${state.root_path}`;
  }

  take() {}

  /** Say what the form of a route is made from. */
  parts(name) {
    const models = this.state.routes.find((route) => route.name === name)?.models;
    return JSON.stringify(models?.map((model) => this.state.models.find((one) => one.name === model)?.version));
  }

  /** Make the form of a route: what its models take together. */
  async choose(name) {
    this.route = this.state.routes.find((route) => route.name === name);
    this.pick.value = name;
    this.form = null;
    this.send.disabled = true;
    try {
      const [route, ...told] = await Promise.all(
        [`routes/${name}`, ...this.route.models.map((model) => `models/${model}`)].map((at) => ask(`console/${at}`)),
      );
      if (this.route?.name !== name) return;
      this.models = Object.fromEntries(told.map(({ document }, index) => [this.route.models[index], document]));
      this.form = new RecordForm(route.document.features, this.models, () => this.renew());
      this.fields.replaceChildren(this.form.element);
      this.send.disabled = false;
      this.fill();
      if (this.typed?.route === name) this.form.set(this.typed.values);
      this.typed = undefined;
    } catch (error) {
      if (this.route?.name !== name) return;
      this.route = undefined;
      this.fields.replaceChildren(
        badge("bad", error.message),
        h("p", {}, h("button", { type: "button", text: "Again", onclick: () => this.choose(name) })),
      );
    }
  }

  fill() {
    this.form?.set(Object.fromEntries(this.form.features.map((feature) => [feature.name, feature.example])), true);
  }

  paste() {
    try {
      const told = this.form.paste(this.pasted.value);
      write(this.pasteNote, told);
    } catch (error) {
      write(this.pasteNote, error.message);
    }
  }

  renew() {
    if (!this.form) return;
    const request = {
      address: this.address.value.replace(/\/+$/, ""),
      route: this.route.name,
      record: this.form.record(),
      features: this.form.features,
    };
    code(this.codes, request);
  }

  async ask() {
    if (!this.form) return;
    const { form, route, models } = this,
      record = form.record(),
      began = performance.now();
    form.clear();
    this.send.disabled = true;
    try {
      const body = JSON.stringify({ instances: [record] });
      const { document, timing } = await ask(`console/try/${route.name}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      const took = performance.now() - began;
      // Somebody may have gone to another route while this one was asked.
      if (form !== this.form) return;
      this.answer.replaceChildren(...answers(document, route, models, record), phases(timing, took));
      if (this.answer.getBoundingClientRect().top > innerHeight * 0.8) this.answer.scrollIntoView();
    } catch (error) {
      if (form === this.form) this.refused(error);
    } finally {
      this.send.disabled = !this.form;
    }
  }

  /** Show why there is no answer; the pointers lead to the fields. */
  refused(error) {
    const faults = error.document?.errors ?? [],
      others = this.form.blame(faults);
    this.answer.replaceChildren(
      h("h3", {}, badge(error.status >= 500 || !error.status ? "bad" : "warn", error.document?.title ?? "No answer")),
      h("p", { text: error.message }),
      ...others.map((fault) => h("p", {}, h("code", { text: fault.pointer || "/" }), ` ${fault.detail}`)),
      error.document?.reason
        ? h("p", { class: "quiet", text: `${error.status} ${error.document.reason}, request ${error.document.id}` })
        : h("p"),
    );
  }
}
