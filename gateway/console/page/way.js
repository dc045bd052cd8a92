// The way that one request took.

import { h, s } from "./dom.js";
import { ms, number } from "./figures.js";

const WORDS = {
  busy: "asked again: the model had said that it cannot answer now",
  lost: "asked again: the connection to the model was lost",
  elsewhere: "asked again at another address",
  search: "asked again while the record was searched that made a joined call fail",
};

/** Say what a call was made for. */
function joined({ rows, requests, address }) {
  if (rows === undefined) return "";
  const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${many(rows, "row")} of ${many(requests, "request")}${address ? ` at ${address}` : ""}`;
}

/** Draw the way of a request: its phases one after the other, and beside each other the calls of its models. */
export function way(one) {
  const total = Math.max(one.ms.total, 0.001),
    start = (one.ms.decode ?? 0) + (one.ms.queue ?? 0);
  const lanes = [
    ["decode", 0, one.ms.decode, "read and checked"],
    ["queue", one.ms.decode ?? 0, one.ms.queue, "waited for the call before"],
  ];
  for (const call of one.calls) lanes.push([`call ${call.model}`, start, call.call_ms, joined(call), call.compute_ms]);
  if (!one.calls.length && one.ms.call) lanes.push(["call", start, one.ms.call, ""]);
  lanes.push(["encode", start + (one.ms.call ?? 0), one.ms.encode, "answer written"]);
  const picture = h(
    "div",
    { class: "lanes" },
    lanes
      .filter((lane) => lane[2] !== undefined && lane[2] !== null)
      .flatMap(([name, from, took, note, compute]) => [
        h("span", { text: name }),
        s(
          "svg",
          { viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${ms(took)}` },
          s("rect", { class: "track", width: 100, height: 10 }),
          s("rect", {
            class: name.split(" ")[0],
            x: (100 * from) / total,
            width: Math.max(0.6, (100 * took) / total),
            height: 10,
          }),
          compute
            ? s("rect", { class: "compute", x: (100 * from) / total, width: (100 * compute) / total, height: 10 })
            : null,
        ),
        h("span", { class: "n", text: ms(took) }),
        h("span", { class: "quiet", text: note }),
      ]),
  );
  const facts = [
    ["Caller", one.caller],
    [
      "Deadline",
      `${one.left_ms ? ms(one.left_ms) : "nothing"} left of ${ms(one.deadline_ms)}, ${ms(one.ms.total)} used`,
    ],
    ...one.calls.map((call) => [
      `Answered by ${call.model}`,
      `version ${call.version}, call ${call.call}${call.again ? `; ${WORDS[call.again] ?? call.again}` : ""}`,
    ]),
    ...Object.entries(one.missing ?? {}).map(([model, reason]) => [`Without ${model}`, reason]),
  ];
  for (const [plan, rows] of Object.entries(one.ways ?? {}))
    facts.push([
      `Way of ${plan}`,
      Object.entries(rows)
        .map(([branch, count]) => `${branch}: ${count} row${count === 1 ? "" : "s"}`)
        .join(", "),
    ]);
  if (one.kept) facts.push(["Prediction log", "kept, under this id"]);
  if (one.reason)
    facts.unshift([
      "Why",
      `${one.reason}${one.failed ? `, of the model ${one.failed}` : ""}${one.reason === "breaker_open" ? ": it is left alone until it answers a probe" : ""}`,
    ]);
  return h(
    "tr",
    { class: "way" },
    h(
      "td",
      { colspan: "7" },
      picture,
      h(
        "dl",
        { class: "facts" },
        facts.map(([name, value]) =>
          h("div", {}, h("dt", { text: name }), h("dd", { text: typeof value === "number" ? number(value) : value })),
        ),
      ),
    ),
  );
}
