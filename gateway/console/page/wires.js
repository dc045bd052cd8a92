// The wires of the map, laid from card to card wherever the cards are, and what flows through them.

import { s } from "./dom.js";
import { count } from "./figures.js";
import { always } from "./plan.js";

/** Say how a model is in one word: what is worst first. */
export function health(model) {
  if (model.open) return ["bad", "Left alone"];
  if (model.ready === false) return ["bad", model.version ? "Not ready" : "Not there"];
  if (!model.version) return ["warn", "Not known yet"];
  return ["good", "Ready"];
}

export class Wires {
  constructor(map) {
    this.map = map;
    this.image = s("svg", { class: "wires", "aria-hidden": "true" });
    this.pairs = this.lines = [];
    map.prepend(this.image);
    // A column may grow beside a longer one, and its cards move although the map is as large as before.
    const watched = new ResizeObserver(() => this.draw());
    for (const element of [map, ...map.querySelectorAll(".column")]) watched.observe(element);
  }

  /** Join the gateway to its routes, and each route to its models. */
  join(gate, routes, models) {
    this.pairs = [];
    for (const { element, of } of routes.values()) {
      this.pairs.push({ from: gate, to: element, route: of.name, misfit: of.misfit });
      const sure = always(of);
      for (const name of of.models) {
        const part = !sure.includes(name);
        this.pairs.push({ from: element, to: models.get(name).element, route: of.name, model: name, part });
      }
    }
    this.draw();
  }

  draw() {
    if (!this.map.offsetParent) return;
    const frame = this.map.getBoundingClientRect();
    this.image.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    this.lines = this.pairs.map((pair) => ({
      ...pair,
      line: s("path", { d: way(pair.from, pair.to, frame) }),
      label: s("text"),
    }));
    this.image.replaceChildren(...this.lines.flatMap((one) => [one.line, one.label]));
    for (const { line, label, model } of this.lines) {
      // Not in the middle, where wires cross.
      const at = line.getPointAtLength(line.getTotalLength() * (model ? 0.28 : 0.72));
      label.setAttribute("x", at.x);
      label.setAttribute("y", at.y + 4);
    }
    if (this.event) this.flow(this.event);
  }

  /** Have each wire show how much flows, and whether it does well. */
  flow(event) {
    this.event = event;
    for (const { line, label, route, model, misfit, part } of this.lines) {
      const its = event.routes[route] ?? { rate: 0, failed: 0 },
        end = model && event.models[model];
      const kind = misfit || (end && health(end)[0] === "bad") || its.failed > 0.5 ? "bad" : its.rate && !(part && !end?.calls) ? "flows" : "";
      if (line.getAttribute("class") !== kind) line.setAttribute("class", kind);
      line.style.strokeWidth = `${1.5 + Math.min(5, Math.log10(1 + its.rate) * 1.6)}px`;
      // How much of a split, say, goes to a model is not known here.
      label.textContent = its.rate && !part ? `${count(its.rate)}/s` : "";
    }
  }
}

/** Give the path between two cards, from side to side. */
function way(from, to, frame) {
  const a = from.getBoundingClientRect(),
    b = to.getBoundingClientRect();
  if (b.left >= a.right) {
    const [x1, y1, x2, y2] = [
      a.right - frame.left,
      a.top + a.height / 2 - frame.top,
      b.left - frame.left,
      b.top + b.height / 2 - frame.top,
    ];
    const middle = (x1 + x2) / 2;
    return `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
  }
  // Where the gateway is above its routes, one line down their left side leads to each.
  const [x1, y1, x2, y2] = [
      a.left + 24 - frame.left,
      a.bottom - frame.top,
      b.left - frame.left,
      b.top + b.height / 2 - frame.top,
    ],
    side = x2 - 8;
  return `M${x1},${y1} C${x1},${y1 + 20} ${side},${y1 + 8} ${side},${y1 + 36} V${y2 - 10} Q${side},${y2} ${x2},${y2}`;
}
