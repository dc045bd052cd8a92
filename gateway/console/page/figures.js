// How figures are written.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const places = (digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits });
const one = places(1),
  two = places(2),
  four = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** Write a rate, or any number of three or four digits. */
export function count(value) {
  if (value === null || value === undefined) return "–";
  return value >= 100 ? whole.format(value) : value >= 10 ? one.format(value) : two.format(value);
}

/** Write milliseconds with their unit. */
export function ms(value) {
  if (value === null || value === undefined) return "–";
  return value >= 1000 ? `${two.format(value / 1000)} s` : `${count(value)} ms`;
}

/** Write a share in percent. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = share * 100;
  return `${value && value < 1 ? two.format(value) : one.format(value)} %`;
}

/** Write any number of a record. */
export function number(value) {
  return typeof value === "number" ? four.format(value) : String(value);
}

/** Write how long something has lasted. */
export function lasted(seconds) {
  if (seconds < 90) return `${whole.format(seconds)} s`;
  if (seconds < 5400) return `${whole.format(seconds / 60)} min`;
  return seconds < 172800 ? `${whole.format(seconds / 3600)} h` : `${whole.format(seconds / 86400)} days`;
}

/** Write the time of day of a timestamp. */
export function clock(timestamp) {
  return new Date(timestamp).toLocaleTimeString("en-GB");
}

/** Write which of a hundred it would be: 93rd. */
export function ordinal(value) {
  const rest = value % 100,
    ending = rest > 10 && rest < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[value % 10] ?? "th");
  return `${value}${ending}`;
}
