// What a text means for a feature, typed or pasted.

/** Read a line of CSV: quotes may hold commas, and two of them one. */
function cells(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
  );
}

/** Give the value of a text for a feature: null for nothing; a number that is none stays a text, which the gateway refuses. */
export function valueOf(feature, text) {
  if (text === "") return null;
  if (feature.type === "boolean")
    return { true: true, false: false, 1: true, 0: false, yes: true, no: false }[text.toLowerCase()] ?? text;
  if (feature.type === "category") return text;
  return Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Read a record of JSON, by itself or as the first instance of a request, or a line of CSV below its header. */
export function read(text, features) {
  if (text.startsWith("{") || text.startsWith("[")) {
    const parsed = JSON.parse(text),
      record = Array.isArray(parsed) ? parsed[0] : (parsed.instances?.[0] ?? parsed);
    if (typeof record !== "object" || record === null) throw new Error("This holds no record.");
    return record;
  }
  const [head, line] = text.split(/\r?\n/);
  if (!line) throw new Error("A record in CSV has two lines: the names, and the values.");
  const values = cells(line),
    types = new Map(features.map((feature) => [feature.name, feature]));
  return Object.fromEntries(
    cells(head).map((name, index) => [name, valueOf(types.get(name) ?? { type: "category" }, values[index] ?? "")]),
  );
}
