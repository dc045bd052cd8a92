// The form of a record: a field for each feature, with its unit, its bounds, and where its value lies in training.

import { h, write } from "./dom.js";
import { number } from "./figures.js";
import { picture, place, range } from "./distribution.js";
import { read, valueOf } from "./values.js";

const ANY = "any";

export class RecordForm {
  constructor(features, models, onChange) {
    this.features = features;
    this.profiles = {};
    for (const { contract, profile } of Object.values(models))
      for (const { name } of contract.features) this.profiles[name] ??= profile?.features?.[name];
    this.onChange = onChange;
    this.fields = new Map(this.features.map((feature) => [feature.name, this.field(feature)]));
    this.element = h(
      "div",
      { class: "record" },
      [...this.fields.values()].map((field) => field.element),
    );
  }

  field(feature) {
    const id = `field-${feature.name}`,
      input = control(feature, id);
    const where = h("span", { class: "where-it-lies", id: `${id}-place` }),
      strip = h("div", { class: "strip" }),
      fault = h("p", { class: "fault", id: `${id}-fault`, role: "alert" });
    input.setAttribute("aria-describedby", `${id}-place ${id}-fault`);
    const bounds = [feature.minimum, feature.maximum].some((one) => one !== undefined && one !== null)
      ? `${number(feature.minimum ?? "−∞")} … ${number(feature.maximum ?? "∞")}`
      : "";
    const element = h(
      "div",
      { class: "entry" },
      h(
        "label",
        { for: id, title: feature.description },
        h("code", { text: feature.name }),
        feature.unit ? h("span", { class: "quiet", text: feature.unit }) : null,
      ),
      input,
      strip,
      where,
      h("span", {
        class: "quiet bounds",
        text: [bounds, feature.nullable ? "may be empty" : ""].filter(Boolean).join(", "),
      }),
      fault,
    );
    input.addEventListener("input", () => {
      this.show(feature);
      this.onChange();
    });
    return { element, input, where, strip, fault };
  }

  /** Show where a value lies in training. */
  show(feature) {
    const { input, where, strip } = this.fields.get(feature.name),
      entry = this.profiles[feature.name],
      value = valueOf(feature, input.value);
    write(where, entry && (value !== null || feature.nullable) ? place(entry, value) : "");
    const numeric = feature.type === "number" || feature.type === "integer";
    strip.replaceChildren(
      ...(entry && numeric
        ? [
            picture(entry, range(entry, [value]), {
              value,
              height: 16,
            }),
          ]
        : []),
    );
  }

  /** Give the record: what is empty is null where it may be, and missing elsewhere. */
  record() {
    const values = this.features.map((feature) => [
      feature.name,
      valueOf(feature, this.fields.get(feature.name).input.value),
      feature.nullable,
    ]);
    return Object.fromEntries(
      values.filter(([, value, nullable]) => value !== null || nullable).map(([name, value]) => [name, value]),
    );
  }

  /** Give what each field holds, null for nothing. */
  values() {
    return Object.fromEntries(this.features.map(({ name }) => [name, this.fields.get(name).input.value || null]));
  }

  /** Fill fields; with `all`, empty those that are not named. */
  set(values, all = false) {
    for (const feature of this.features) {
      const { input } = this.fields.get(feature.name);
      if (Object.hasOwn(values, feature.name)) {
        const text = String(values[feature.name] ?? "");
        input.value = input.type === "number" && !Number.isFinite(Number(text)) ? "" : text;
      }
      else if (all) input.value = "";
      this.show(feature);
    }
    this.clear();
    this.onChange();
  }

  /** Take a record over from a text; says what was found. Throws Error where it is none. */
  paste(text) {
    const found = read(text.trim(), this.features),
      names = Object.keys(found),
      unknown = names.filter((name) => !this.fields.has(name));
    this.set(found);
    // A field shows nothing for a text that is no number, or none of its categories: that must not pass for "empty".
    const lost = names.filter(
      (name) => this.fields.has(name) && found[name] !== null && !this.fields.get(name).input.value,
    );
    for (const name of lost) this.mark(name, `${JSON.stringify(found[name]).slice(0, 60)} is no value of this field`);
    if (lost.length) this.fields.get(lost[0]).input.focus();
    const taken = names.length - unknown.length - lost.length,
      more = (some) => (some.length > 5 ? ` and ${some.length - 5} more` : ""),
      listed = (what, some) => (some.length ? `; ${what}: ${some.slice(0, 5).join(", ")}${more(some)}` : "");
    return `${taken} of ${this.features.length} fields are filled${listed("no value of its field", lost)}${listed("unknown here", unknown)}.`;
  }

  clear() {
    for (const { input, fault } of this.fields.values()) {
      input.removeAttribute("aria-invalid");
      write(fault, "");
    }
  }

  mark(name, detail) {
    const { input, fault } = this.fields.get(name);
    input.setAttribute("aria-invalid", "true");
    write(fault, detail);
  }

  /** Show faults at their fields and go to the first; gives those that belong to none. */
  blame(faults) {
    const others = [];
    let first = null;
    for (const one of faults) {
      const name = one.pointer
          .match(/^\/instances\/0\/([^/]+)$/)?.[1]
          ?.replaceAll("~1", "/")
          .replaceAll("~0", "~"),
        field = this.fields.get(name);
      if (!field) {
        others.push(one);
        continue;
      }
      this.mark(name, one.detail);
      first ??= field.input;
    }
    first?.focus();
    return others;
  }
}

/** Make what a feature is typed or chosen in. */
function control(feature, id) {
  if (feature.type === "category" || feature.type === "boolean") {
    const values = feature.type === "boolean" ? ["true", "false"] : feature.categories;
    return h(
      "select",
      { id },
      h("option", { value: "", text: feature.nullable ? "(none)" : "choose …" }),
      values.map((value) => h("option", { value, text: value })),
    );
  }
  return h("input", {
    id,
    type: "number",
    step: feature.type === "integer" ? "1" : ANY,
    min: feature.minimum,
    max: feature.maximum,
    inputmode: feature.type === "integer" ? "numeric" : "decimal",
    autocomplete: "off",
  });
}
