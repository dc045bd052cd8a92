// Where the time went: Server-Timing as one bar.

import { h, s } from "./dom.js";
import { ms } from "./figures.js";

const PHASES = {
  decode: "read and checked",
  queue: "waited for a call",
  call: "asked the models",
  encode: "answer written",
};

/** Read the header: milliseconds by phase (W3C Server Timing). */
function read(header) {
  return Object.fromEntries(
    [...(header ?? "").matchAll(/([^\s,;]+);dur=([\d.]+)/g)].map(([, name, value]) => [name, Number(value)]),
  );
}

/** Draw the phases of a request, and beside them what it took as seen from here. */
export function phases(header, tookMs) {
  const told = read(header),
    total = told.total ?? 0,
    sum = Object.keys(PHASES).reduce((all, name) => all + (told[name] ?? 0), 0);
  const parts = [
    ...Object.keys(PHASES).map((name) => [name, told[name] ?? 0, PHASES[name]]),
    ["other", Math.max(0, total - sum), "the rest"],
  ].filter(([, value]) => value > 0);
  let at = 0;
  const bar = s("svg", {
    class: "stack",
    viewBox: "0 0 100 10",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": parts.map(([name, value]) => `${name} ${ms(value)}`).join(", "),
  });
  for (const [name, value] of parts) {
    const width = (100 * value) / Math.max(total, sum);
    bar.append(s("rect", { class: name, x: at, width, height: 10 }));
    at += width;
  }
  const calls = Object.entries(told)
    .filter(([name]) => name.startsWith("call."))
    .map(([name, value]) => {
      const model = name.slice(5),
        compute = told[`compute.${model}`];
      return h("li", {
        text: `${model}: ${ms(value)}${compute === undefined ? "" : `, of which the model computed ${ms(compute)}`}`,
      });
    });
  return h(
    "article",
    { class: "card" },
    h("h3", { text: "Where the time went" }),
    bar,
    h(
      "ul",
      { class: "legend" },
      parts.map(([name, value, what]) =>
        h(
          "li",
          {},
          s(
            "svg",
            { class: "stack key", viewBox: "0 0 10 10", "aria-hidden": "true" },
            s("rect", { class: name, width: 10, height: 10 }),
          ),
          `${name} ${ms(value)}`,
          h("span", { class: "quiet", text: ` ${what}` }),
        ),
      ),
    ),
    h("ul", { class: "plain" }, calls),
    h("p", { class: "quiet", text: `${ms(total)} in the gateway, ${ms(tookMs)} as this browser saw it.` }),
  );
}
