// Making and changing elements: no more than this page needs.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `on…` are listeners, `class` and `text` what they say, all else attributes; null leaves one out. */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** Make an element of SVG. */
export function s(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Write a text, if it is another: what has not changed is not read out again, and keeps its selection. */
export function write(element, text) {
  const told = String(text);
  if (element.textContent !== told) element.textContent = told;
}

/** Give what has this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Make a word with a sign, so that colour is never alone: `kind` is good, warn, bad or calm. */
export function badge(kind, word) {
  const sign = { good: "✓", warn: "!", bad: "✕", calm: "·" }[kind];
  return h("span", { class: `badge ${kind}` }, h("span", { "aria-hidden": "true", text: sign }), word);
}
