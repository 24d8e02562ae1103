// The filter: a least score for each table, labels and persons to hide, and differences only.

import { announce, byId, make } from "./dom.js";

/** Make the controls of the filter. */
export function createFilters(store, palette) {
  byId("scores").replaceChildren(...store.tables.map((table, place) => scoreSlider(store, table, place)).filter(Boolean));
  const differences = byId("differences");
  byId("differences-row").hidden = !store.comparing;
  differences.addEventListener("change", () => store.setFilter({ differences: differences.checked }));

  const definitions = new Map(store.data.vocabulary.map((entry) => [entry.label, entry.definition]));
  const kinds = {
    persons: { values: () => store.persons(), field: "person", name: (person) => `Person ${person}`, about: () => "", colour: null },
    labels: { values: () => store.labels(), field: "label", name: (label) => label, about: (label) => (definitions.has(label) ? `${definitions.get(label)}\n` : ""), colour: (label) => palette().fill(label) },
  };
  const drawn = Object.fromEntries(Object.entries(kinds).map(([kind, rules]) => [kind, chips(store, kind, rules)]));
  const drawAll = () => Object.values(drawn).forEach((draw) => draw());
  store.on("events filter", () => {
    drawAll();
    showCount(store);
  });
  drawAll();
  showCount(store);
  return { draw: drawAll };
}

function showCount(store) {
  const [shown, all] = [store.listed().length, store.tables.reduce((sum, table) => sum + table.events.size, 0)];
  byId("shown-count").textContent = shown === all ? `${all} events` : `${shown} of ${all} events`;
}

/** Return a slider for the least score of a table; null if all scores are the same. */
function scoreSlider(store, table, place) {
  const scores = [...table.events.values()].map((event) => event.score);
  const [low, high] = scores.reduce(([least, most], score) => [Math.min(least, score), Math.max(most, score)], [Infinity, -Infinity]);
  if (!(high > low)) return null;
  const [bottom, top] = low >= 0 && high <= 1 ? [0, 1] : [low, high];
  const output = make("output", { for: `score-${place}` });
  const slider = make("input", { type: "range", id: `score-${place}`, min: bottom, max: top, step: (top - bottom) / 100, value: bottom });
  const show = () => {
    output.textContent = Number(slider.value) === bottom ? "all" : `≥ ${Number(slider.value).toFixed(2)}`;
    slider.setAttribute("aria-valuetext", `${output.textContent}, ${store.passing(place).length} events`);
  };
  slider.addEventListener("input", () => {
    const least = store.filter.least.with(place, Number(slider.value) === bottom ? -Infinity : Number(slider.value));
    store.setFilter({ least });
    show();
  });
  slider.addEventListener("change", () => announce(`${store.listed().length} events are shown`));
  show();
  const name = store.comparing ? `Score, ${table.name}` : "Score";
  return make("div", { class: "slider" }, make("label", { for: `score-${place}` }, name), slider, output);
}

/** Return a function that draws a button for each person or label, pressed where it is shown. */
function chips(store, kind, { values, field, name, about, colour }) {
  const box = byId(kind);
  const hidden = () => store.filter[kind];
  byId(`${kind}-all`).addEventListener("click", () => store.setFilter({ [kind]: new Set() }));
  const toggle = (value, alone) => {
    const all = values();
    const shown = all.filter((one) => !hidden().has(one));
    let next = new Set(hidden());
    if (alone) next = shown.length === 1 && shown[0] === value ? new Set() : new Set(all.filter((one) => one !== value));
    else if (!next.delete(value)) next.add(value);
    store.setFilter({ [kind]: next });
    announce(`${name(value)} is ${next.has(value) ? "hidden" : "shown"}, ${store.listed().length} events are shown`);
  };
  const buttons = new Map();
  return () => {
    const counts = new Map();
    for (const event of store.all()) counts.set(event[field], (counts.get(event[field]) ?? 0) + 1);
    for (const value of buttons.keys()) if (!counts.has(value)) buttons.delete(value);
    for (const value of values()) {
      if (!buttons.has(value)) {
        const swatch = colour && make("span", { class: "swatch" });
        const button = make(
          "button",
          { type: "button", class: "chip", title: `${about(value)}Double-click to show this alone`, onclick: (press) => toggle(value, press.altKey), ondblclick: () => toggle(value, true) },
          swatch,
          make("span", { class: "chip-name" }, name(value)),
          make("span", { class: "count" }),
        );
        buttons.set(value, button);
      }
      const button = buttons.get(value);
      button.setAttribute("aria-pressed", !hidden().has(value));
      button.querySelector(".count").textContent = counts.get(value);
      if (colour) button.querySelector(".swatch").style.background = colour(value);
    }
    const order = values().map((value) => buttons.get(value));
    if (order.length !== box.children.length || order.some((button, place) => box.children[place] !== button)) box.replaceChildren(...order);
    byId(`${kind}-all`).hidden = hidden().size === 0;
  };
}
