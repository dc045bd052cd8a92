// What a text means for a feature, typed or pasted.

/** Read the header and the first row of CSV (RFC 4180): quotes may hold separators, line ends, and two of them one. */
function table(text) {
  const separator = [",", ";", "\t"].find((one) => text.split(/\r\n|\n|\r/, 1)[0].includes(one)) ?? ",",
    rows = [[]];
  let cell = "",
    quoted = false,
    inside = false;
  const end = () => {
    rows.at(-1).push(quoted ? cell : cell.trim());
    [cell, quoted] = ["", false];
  };
  for (let at = 0; at <= text.length && rows.length < 3; at++) {
    const one = text[at];
    if (inside && one !== undefined) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') cell += text[++at];
      else inside = false;
    } else if (one === '"' && !cell.trim()) [cell, quoted, inside] = ["", true, true];
    else if (one === separator) end();
    else if (one === "\n" || one === "\r" || one === undefined) {
      end();
      if (one === "\r" && text[at + 1] === "\n") at++;
      rows.push([]);
    } else if (!quoted || one.trim()) cell += one;
  }
  return rows;
}

/** Give the value of a text for a feature: null for nothing; a number that is none stays a text, which the gateway refuses. */
export function valueOf(feature, text) {
  if (text === "") return null;
  if (feature.type === "boolean")
    return { true: true, false: false, 1: true, 0: false, yes: true, no: false }[text.toLowerCase()] ?? text;
  if (feature.type === "category") return text;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Read a record of JSON, by itself or as the first instance of a request, or the first row of CSV below its header. */
export function read(text, features) {
  if (text.startsWith("{") || text.startsWith("[")) {
    const parsed = JSON.parse(text),
      record = Array.isArray(parsed) ? parsed[0] : (parsed.instances?.[0] ?? parsed);
    if (typeof record !== "object" || record === null) throw new Error("This holds no record.");
    return record;
  }
  const [names, values] = table(text);
  if (!values?.length) throw new Error("A record in CSV has two lines: the names, and the values.");
  const types = new Map(features.map((feature) => [feature.name, feature]));
  return Object.fromEntries(
    names.map((name, index) => [name, valueOf(types.get(name) ?? { type: "category" }, values[index] ?? "")]),
  );
}
