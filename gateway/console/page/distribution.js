// A distribution as training stored it, and where a value lies in it.

import { s } from "./dom.js";
import { number, ordinal } from "./figures.js";

const COLUMNS = 48;

/** Give which share of the training rows lies below a number: linear within a bin; null where nothing can be said. */
export function below(entry, value) {
  const { edges, values, counts } = entry ?? {};
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  const total = counts?.reduce((sum, one) => sum + one, 0);
  if (!total) return null;
  if (!edges) {
    if (!values.every((one) => typeof one === "number")) return null;
    return (
      counts.reduce(
        (sum, one, index) => sum + (values[index] < value ? one : values[index] === value ? one / 2 : 0),
        0,
      ) / total
    );
  }
  let sum = 0;
  for (const [index, one] of counts.entries()) {
    const [low, high] = [edges[index], edges[index + 1]];
    if (value >= high) sum += one;
    else return (sum + (value > low ? (one * (value - low)) / (high - low) : 0)) / total;
  }
  return 1;
}

/** Say in words where a value lies. */
export function place(entry, value) {
  if (!entry) return "";
  if (value === null || value === undefined)
    return entry.missing
      ? `missing, as in ${entry.missing} of ${entry.rows} training rows`
      : "never missing in training";
  if (typeof value === "number" && entry.minimum !== undefined) {
    if (value < entry.minimum) return `below all ${entry.rows} training rows (from ${number(entry.minimum)})`;
    if (value > entry.maximum) return `above all ${entry.rows} training rows (up to ${number(entry.maximum)})`;
    return `${ordinal(Math.min(99, Math.max(1, Math.round(100 * below(entry, value)))))} percentile of training`;
  }
  const index = entry.values?.indexOf(value) ?? -1;
  if (index < 0) return "never seen in training";
  return `${Math.round((100 * entry.counts[index]) / entry.rows)} % of the training rows`;
}

/** Give where a picture begins and ends: without the last bins, whose outliers would leave no room, but with what must be seen. */
export function range(entry, seen, bounds = {}) {
  const { edges, values } = entry ?? {};
  const numbers = values?.filter((one) => typeof one === "number") ?? [];
  let low = edges ? edges[0] : Math.min(...numbers),
    high = edges ? edges.at(edges.length > 3 ? -2 : -1) : Math.max(...numbers);
  if (!Number.isFinite(low)) [low, high] = [Math.min(...seen), Math.max(...seen)];
  const span = high - low || Math.abs(high) || 1;
  for (const value of seen.filter(Number.isFinite)) {
    low = Math.min(low, Math.max(value, low - 2 * span));
    high = Math.max(high, Math.min(value, high + 4 * span));
  }
  const edge = (high - low || 1) * 0.04;
  return [bounds.minimum ?? low - edge, bounds.maximum ?? high + edge];
}

/** Draw a distribution over a range: how dense training was there, with a mark for a value and one for a threshold. */
export function picture(entry, [low, high], { value = null, threshold = null, label = "", height = 40 } = {}) {
  const at = (x) => Math.max(0, Math.min(100, (100 * (x - low)) / (high - low)));
  const image = s("svg", {
    class: "distribution",
    viewBox: `0 0 100 ${height}`,
    preserveAspectRatio: "none",
    role: label ? "img" : null,
    "aria-label": label || null,
    "aria-hidden": label ? null : "true",
  });
  image.append(s("rect", { class: "ground", width: 100, height }));
  const bars = columns(pieces(entry, (high - low) / COLUMNS), low, high),
    most = Math.max(...bars, 0);
  for (const [index, share] of bars.entries()) {
    // The root keeps what is rare visible beside a peak.
    const tall = share > 0 ? Math.max(1, (height - 3) * Math.sqrt(share / most)) : 0,
      wide = 100 / COLUMNS;
    if (tall)
      image.append(s("rect", { class: "density", x: index * wide, width: wide * 0.9, y: height - tall, height: tall }));
  }
  const line = (x, kind) =>
    s("line", { class: kind, x1: at(x), x2: at(x), y1: 0, y2: height, "vector-effect": "non-scaling-stroke" });
  if (threshold !== null) image.append(line(threshold, "threshold"));
  if (typeof value === "number") image.append(line(value, "mark"));
  return image;
}

/** Give the bins with what is in them; a value by itself is as wide as `wide`. */
function pieces(entry, wide) {
  const { edges, values, counts } = entry ?? {};
  if (edges) return counts.map((one, index) => ({ from: edges[index], to: edges[index + 1], share: one }));
  return (values ?? [])
    .map((one, index) => ({ from: one - wide / 2, to: one + wide / 2, share: counts[index] }))
    .filter((one) => Number.isFinite(one.from));
}

/** Spread bins of any width over columns of one width: training's are narrow where it was dense. */
function columns(bins, low, high) {
  const found = new Array(COLUMNS).fill(0),
    wide = (high - low) / COLUMNS;
  for (const { from, to, share } of bins) {
    for (
      let index = Math.max(0, Math.floor((from - low) / wide));
      index < COLUMNS && low + index * wide < to;
      index++
    ) {
      const part = Math.min(to, low + (index + 1) * wide) - Math.max(from, low + index * wide);
      found[index] += to > from ? Math.max(0, (share * part) / (to - from)) : share;
    }
  }
  return found;
}
