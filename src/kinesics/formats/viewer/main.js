// Put the page together.

import { byId, announce } from "./dom.js";
import { createBoxes } from "./boxes.js";
import { labelColours, readPalette } from "./colours.js";
import { keepDrafts } from "./drafts.js";
import { createEventsList } from "./events_list.js";
import { createExports } from "./exports.js";
import { createFilmStrip } from "./film_strip.js";
import { createFilters } from "./filters.js";
import { createInspector } from "./inspector.js";
import { createKeyboard } from "./keyboard.js";
import { createPlayer } from "./player.js";
import { Store } from "./store.js";
import { createSummary } from "./summary.js";
import { createTimeline } from "./timeline.js";
import { formatTime } from "./times.js";

const store = new Store(JSON.parse(byId("data").textContent));
const colourOf = labelColours(store.data.vocabulary);
let colours = readPalette(colourOf);
const palette = () => colours;

const player = createPlayer(store);
const boxes = createBoxes(store, player, palette);
const timeline = createTimeline(store, player, palette);
const filters = createFilters(store, palette);
const list = createEventsList(store, player, palette);
const actions = createInspector(store, player);
const summary = createSummary(store, player, palette);
createFilmStrip(store, player, palette);
createExports(store, player);
createKeyboard(store, { player, timeline, list, actions });
createTheme(() => {
  colours = readPalette(colourOf);
  for (const part of [boxes, timeline, filters, list, summary]) part.draw();
});
createTabs(summary);
createSplitter();
showLegend();
store.on("selection", () => {
  const event = store.selected === null ? null : store.get(store.selected);
  if (!event) return;
  timeline.reveal(event);
  announce(describe(event));
});
for (const [open, dialog] of [["help-open", "help"]]) byId(open).addEventListener("click", () => byId(dialog).showModal());
keepDrafts(store);
document.documentElement.dataset.ready = "yes";

function describe(event) {
  const difference = store.isDifferent(event) ? `, only in ${store.tables[event.table].name}` : "";
  return `${event.label}, person ${event.person}, ${formatTime(event.start)} to ${formatTime(event.end)}, score ${event.score.toFixed(2)}${difference}`;
}

/** Follow the system's light or dark colours until the button chooses. */
function createTheme(redraw) {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    byId("theme").setAttribute("aria-pressed", isDark());
    redraw();
  };
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}

/** Let the border between video and timeline be moved, by pointer and by arrow keys. */
function createSplitter() {
  const splitter = byId("splitter");
  const main = splitter.parentElement;
  const set = (share) => {
    const percent = Math.min(85, Math.max(15, 100 * share));
    main.style.setProperty("--lanes", `${percent}%`);
    splitter.setAttribute("aria-valuenow", Math.round(percent));
  };
  const share = () => byId("lanes").closest("section").offsetHeight / main.offsetHeight;
  splitter.addEventListener("pointerdown", (press) => splitter.setPointerCapture(press.pointerId));
  splitter.addEventListener("pointermove", (move) => {
    if (!splitter.hasPointerCapture(move.pointerId)) return;
    const { bottom, height } = main.getBoundingClientRect();
    set((bottom - move.clientY) / height);
  });
  splitter.addEventListener("keydown", (press) => {
    const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[press.key];
    if (step) set(share() + step);
  });
  set(0.46);
}

function createTabs(shownPanel) {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab) => {
    for (const one of tabs) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
      byId(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    shownPanel.draw();
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (press) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[press.key];
      if (!step) return;
      const next = tabs.at((place + step) % tabs.length);
      choose(next);
      next.focus();
    });
  });
}

function showLegend() {
  byId("legend").hidden = !store.comparing;
  if (!store.comparing) return;
  for (const [place, table] of store.tables.entries()) Object.assign(byId(`legend-${place}`), { textContent: table.name, title: table.name });
}
