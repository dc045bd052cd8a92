// A small picture of the last minute.

import { s } from "./dom.js";

export const HISTORY = 60;

/** Draw rates of the last minute. */
export function spark(values, label) {
  const most = Math.max(1, ...values),
    step = 100 / (HISTORY - 1),
    from = 100 - (values.length - 1) * step;
  const points = values.map(
    (value, index) => `${(from + index * step).toFixed(1)},${(23 - (22 * value) / most).toFixed(1)}`,
  );
  if (from > 0) points.unshift(`0,23`, `${from.toFixed(1)},23`);
  const image = s("svg", {
    class: "spark",
    viewBox: "0 0 100 24",
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": label,
  });
  if (points.length > 1) {
    image.append(
      s("polygon", { points: `0,24 ${points.join(" ")} 100,24` }),
      s("polyline", { points: points.join(" "), "vector-effect": "non-scaling-stroke" }),
    );
  }
  return image;
}
