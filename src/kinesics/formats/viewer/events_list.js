// The list of events: a grid that a screen reader reads, of which only the rows in view exist.

import { announce, byId, make, oncePerFrame } from "./dom.js";
import { formatTime } from "./times.js";

const ROW = 28; // pixels, as in the style sheet
const BEYOND = 6; // rows kept above and below what is in view

/** Make the list; choosing a row selects its event and goes to its start. */
export function createEventsList(store, player, palette) {
  const grid = byId("events");
  const body = byId("events-rows");
  const names = ["Start", "Length", "Person", "Label", "Score", ...(store.comparing ? ["In", "tIoU"] : [])];
  byId("events-head").replaceChildren(...names.map((name) => make("span", { role: "columnheader" }, name)));
  grid.classList.toggle("comparing", store.comparing);
  grid.classList.toggle("hours", store.lastEnd() >= 3600); // times have three more signs
  grid.setAttribute("aria-colcount", names.length);

  const draw = oncePerFrame(() => {
    const listed = store.listed();
    body.style.height = `${listed.length * ROW}px`;
    grid.setAttribute("aria-rowcount", listed.length + 1);
    const top = Math.max(0, grid.scrollTop - ROW); // the head is one row high
    const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
    const last = Math.min(listed.length, Math.ceil((top + grid.clientHeight) / ROW) + BEYOND);
    body.replaceChildren(...listed.slice(first, last).map((event, place) => rowOf(event, first + place, store, palette())));
    const place = store.selected === null ? -1 : store.placeOf(store.selected);
    if (place >= first && place < last) grid.setAttribute("aria-activedescendant", `event-${store.selected}`);
    else grid.removeAttribute("aria-activedescendant");
    byId("events-empty").hidden = listed.length > 0;
    byId("events-empty").textContent = store.isEmpty() ? "There is no event yet: add one on the timeline." : "The filter shows no event.";
  });

  function choose(event) {
    store.select(event.id);
    player.seek(event.start);
  }

  /** Select the event that many rows from the selected one, or from the time of the player. */
  function step(rows) {
    const listed = store.listed();
    const at = store.selected === null ? -1 : store.placeOf(store.selected);
    const next = at >= 0 ? at + rows : nearest(listed, player.time(), rows);
    if (next < 0 || next >= listed.length) announce(rows > 0 ? "No later event" : "No earlier event");
    else choose(listed[next]);
  }

  /** Select the next or previous event that only one of the tables has. */
  function stepDifference(direction) {
    const listed = store.listed();
    let place = store.selected === null ? -1 : store.placeOf(store.selected);
    place = place >= 0 ? place + direction : nearest(listed, player.time(), direction);
    while (place >= 0 && place < listed.length && !store.isDifferent(listed[place])) place += direction;
    if (listed[place]) choose(listed[place]);
    else announce(direction > 0 ? "No later difference" : "No earlier difference");
  }

  store.on("events filter", draw);
  store.on("selection", () => {
    const place = store.selected === null ? -1 : store.placeOf(store.selected);
    if (place >= 0) {
      const room = grid.clientHeight - ROW;
      if (place * ROW < grid.scrollTop) grid.scrollTop = place * ROW;
      else if ((place + 1) * ROW > grid.scrollTop + room) grid.scrollTop = (place + 1) * ROW - room;
    }
    draw();
  });
  grid.addEventListener("scroll", draw);
  new ResizeObserver(draw).observe(grid);
  body.addEventListener("click", (press) => {
    const row = press.target.closest("[data-event]");
    if (row) choose(store.get(Number(row.dataset.event)));
  });
  const page = () => Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);
  const moves = { ArrowDown: () => 1, ArrowUp: () => -1, PageDown: page, PageUp: () => -page() };
  grid.addEventListener("keydown", (press) => {
    const listed = store.listed();
    if (moves[press.key]) {
      const at = store.selected === null ? -1 : store.placeOf(store.selected);
      const rows = moves[press.key]();
      if (at < 0 || Math.abs(rows) === 1) step(Math.sign(rows));
      else choose(listed[Math.min(Math.max(0, at + rows), listed.length - 1)]);
    } else if (press.key === "Home" && listed.length) choose(listed[0]);
    else if (press.key === "End" && listed.length) choose(listed.at(-1));
    else return;
    press.preventDefault();
    press.stopPropagation();
  });
  draw();
  return { draw, step, stepDifference };
}

/** Return the place of the first event after a time, or of the last one before it. */
function nearest(listed, time, direction) {
  const after = listed.findIndex((event) => event.start > time);
  const next = after < 0 ? listed.length : after;
  return direction > 0 ? next : next - 1;
}

function rowOf(event, place, store, palette) {
  const match = store.matches().get(event.id);
  const cells = [
    formatTime(event.start),
    `${(event.end - event.start).toFixed(2)} s`,
    String(event.person),
    make("span", { class: "label-cell" }, make("span", { class: "swatch", style: { background: palette.fill(event.label) } }), make("span", { class: "label-name" }, event.label)),
    event.score.toFixed(2),
    ...(store.comparing ? [store.tables[event.table].name, match ? match.tiou.toFixed(2) : "none"] : []),
  ];
  const different = store.isDifferent(event);
  return make(
    "div",
    {
      role: "row",
      id: `event-${event.id}`,
      "data-event": event.id,
      "aria-rowindex": place + 2,
      "aria-selected": String(event.id === store.selected),
      class: different ? "row different" : "row",
      style: { top: `${place * ROW}px` },
    },
    ...cells.map((cell) => make("span", { role: "gridcell" }, cell)),
  );
}
