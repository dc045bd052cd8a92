// The page: its tabs, the stream that all views share, and who shows what.

import { ask, follow } from "./ask.js";
import { byId, write } from "./dom.js";
import { lasted } from "./figures.js";
import { DriftView } from "./drift.js";
import { MapView } from "./map.js";
import { ModelDialog } from "./model.js";
import { joined } from "./plan.js";
import { RequestsView } from "./requests.js";
import { TryView } from "./try.js";

const NAMES = ["map", "try", "drift", "requests"];

const dialog = new ModelDialog(byId("model"));
const views = {
  try: new TryView(byId("view-try")),
  drift: new DriftView(byId("view-drift")),
  requests: new RequestsView(byId("view-requests")),
};
views.map = new MapView(byId("view-map"), {
  onModel: (name) => dialog.show(name),
  onRoute: (name) => {
    location.hash = `try/${name}`;
  },
});

let known = null,
  learning = null,
  again = null,
  began = 0;

/** Show one view: the hash names it, so that a link or the way back leads to it; `try/assessment` has a route too. */
function show() {
  const [asked, route] = location.hash.slice(1).split("/");
  const name = NAMES.includes(asked) ? asked : "map";
  for (const other of NAMES) {
    const tab = byId(`tab-${other}`),
      here = other === name;
    tab.setAttribute("aria-selected", String(here));
    tab.tabIndex = here ? 0 : -1;
    byId(`view-${other}`).hidden = !here;
    views[other].visible(here, here ? route : undefined);
  }
}

/** Ask for what is served: at first, and whenever an event names models or versions that are not known, or routes have changed. */
async function learn() {
  try {
    const { document: told } = await ask("console/state"),
      state = { ...told, routes: joined(told.routes) };
    known = state;
    began = performance.now() - state.up_s * 1000;
    head();
    document.title = `Bentogate · ${state.replica}`;
    for (const view of Object.values(views)) view.learn(state);
    show();
  } catch {
    clearTimeout(again);
    again = setTimeout(learn, 2000);
  }
}

/** Say whose figures these are. */
function head() {
  const up = lasted((performance.now() - began) / 1000);
  write(byId("replica"), `replica ${known.replica} · version ${known.version} · up ${up}`);
}

/** Say what the figures show: the mark of what is said of routes, and models with their versions. */
function parts(mark, models) {
  return JSON.stringify([mark, models.map(([name, version]) => `${name} ${version}`)]);
}

function take(event) {
  const told = parts(
    event.mark,
    Object.entries(event.models).map(([name, its]) => [name, its.version]),
  );
  const now =
    known &&
    parts(
      known.mark,
      known.models.map((its) => [its.name, its.version]),
    );
  if (told !== now && learning === null) learning = learn().finally(() => (learning = null));
  for (const view of Object.values(views)) view.take(event);
  const word = event.draining ? "Ending" : event.ready ? "Live" : "Not ready";
  if (known) head();
  state(event.ready && !event.draining ? "good" : "warn", word);
}

function state(kind, word) {
  byId("live").className = `live ${kind}`;
  write(byId("live-text"), word);
}

function keys(event) {
  const at = NAMES.findIndex((name) => byId(`tab-${name}`) === event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: NAMES.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  location.hash = NAMES.at(to % NAMES.length);
  byId(`tab-${NAMES.at(to % NAMES.length)}`).focus();
}

for (const name of NAMES) byId(`tab-${name}`).addEventListener("click", () => (location.hash = name));
document.querySelector("[role=tablist]").addEventListener("keydown", keys);
window.addEventListener("hashchange", show);
show();
await learn();
let lost = false;
follow(take, (open) => {
  if (!open) state("bad", "No connection: the figures are old");
  // What answers again may be another process, which began anew.
  else if (lost) known = null;
  if (open) views.requests.load();
  lost = !open;
});
