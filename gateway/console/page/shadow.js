// Shadows: what their candidates have wrong.

import { ask } from "./ask.js";
import { badge, h } from "./dom.js";
import { number } from "./figures.js";

/** Draw each shadow by its report; one that cannot be had now is left out. */
export async function shadows(names) {
  const told = await Promise.all(names.map((name) => ask(`plans/${name}`).catch(() => null)));
  return told.filter(Boolean).map(({ document }) => shadow(document));
}

function shadow(report) {
  const problems = report.problems,
    now = report.comparisons[0],
    word = problems.length ? `${problems.length} ${problems.length === 1 ? "problem" : "problems"}` : "no problem";
  return h(
    "section",
    { class: "shadow" },
    h(
      "h3",
      {},
      report.name,
      " ",
      h("span", { class: "quiet", text: `${report.candidate} in the shadow of ${report.of}` }),
    ),
    now || problems.length ? badge(problems.length ? "bad" : "good", word) : badge("calm", "nothing compared yet"),
    h(
      "ul",
      {},
      problems.map(({ text }) => h("li", { text })),
    ),
    now ? figures(report, now) : null,
  );
}

function figures(report, now) {
  return h(
    "dl",
    { class: "small" },
    [
      ["rows", number(now.rows)],
      ["different", number(now.different_rows)],
      ["failures", number(Object.values(now.failures).reduce((sum, count) => sum + count, 0))],
      ["dropped", number(now.dropped)],
      [`${report.of} p50`, `${number(now.ms.of.p50)} ms`],
      [`${report.candidate} p50`, `${number(now.ms.candidate.p50)} ms`],
    ].map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))),
  );
}
