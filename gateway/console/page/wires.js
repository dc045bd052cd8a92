// The wires of the map, laid from card to card wherever the cards are, and what flows through them.

import { s } from "./dom.js";
import { count } from "./figures.js";
import { always, answering, asked } from "./plan.js";

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
    const columns = [...map.querySelectorAll(".column")];
    const watched = new ResizeObserver(() => {
      for (const column of columns) column.style.setProperty("--height", `${column.offsetHeight}px`);
      this.draw();
    });
    for (const element of [map, ...columns]) watched.observe(element);
    // A shorter column goes along beside a longer one, so that both ends of a wire are seen.
    let waiting = false;
    addEventListener(
      "scroll",
      () => {
        if (!waiting) requestAnimationFrame(() => ((waiting = false), this.lay()));
        waiting = true;
      },
      { passive: true },
    );
    const pointed = ({ target }) => this.bringOut(target.closest("button.card"));
    for (const name of ["pointerover", "focusin"]) map.addEventListener(name, pointed);
    for (const name of ["pointerleave", "focusout"]) map.addEventListener(name, () => this.bringOut(null));
  }

  /** Join the gateway to its routes, and each route to its models. */
  join(gate, routes, models) {
    this.pairs = [];
    this.card = null;
    for (const { element, of } of routes.values()) {
      this.pairs.push({ from: gate, to: element, route: of.name, misfit: of.misfit });
      const sure = always(of),
        may = answering(of);
      for (const name of asked(of)) {
        const part = !sure.includes(name),
          aside = !may.includes(name);
        this.pairs.push({ from: element, to: models.get(name).element, route: of.name, model: name, part, aside });
      }
    }
    this.draw();
  }

  draw() {
    this.lines = this.pairs.map((pair) => ({ ...pair, line: s("path"), label: s("text") }));
    this.image.replaceChildren(...this.lines.flatMap((one) => [one.line, one.label]));
    this.lay();
    this.bringOut(this.card);
    if (this.event) this.flow(this.event);
  }

  /** Lay the wires to where the cards are now. */
  lay() {
    if (!this.map.offsetParent) return;
    const frame = this.map.getBoundingClientRect();
    this.image.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    for (const { from, to, line, label, model } of this.lines) {
      line.setAttribute("d", way(from, to, frame));
      // Not in the middle, where wires cross.
      const at = line.getPointAtLength(line.getTotalLength() * (model ? 0.28 : 0.72));
      label.setAttribute("x", at.x);
      label.setAttribute("y", at.y + 4);
    }
  }

  /** Bring out the wires of one card among all others; null brings out none. */
  bringOut(card) {
    this.card = card;
    this.image.classList.toggle("of-one", Boolean(card));
    for (const { from, to, line, label } of this.lines)
      for (const element of [line, label]) element.toggleAttribute("data-its", from === card || to === card);
  }

  /** Have each wire show how much flows, and whether it does well. */
  flow(event) {
    this.event = event;
    for (const { line, label, route, model, misfit, part, aside } of this.lines) {
      const its = event.routes[route] ?? { rate: 0, failed: 0 },
        end = model && event.models[model];
      const kind = misfit || (end && health(end)[0] === "bad") || its.failed > 0.5 ? "bad" : its.rate && !(part && !end?.calls) ? "flows" : "";
      const told = aside ? `${kind} aside` : kind;
      if (line.getAttribute("class") !== told) line.setAttribute("class", told);
      // How much of it a candidate sees is not known here either.
      line.style.strokeWidth = aside ? "1.5px" : `${1.5 + Math.min(5, Math.log10(1 + its.rate) * 1.6)}px`;
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
