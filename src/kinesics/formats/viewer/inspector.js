// The selected event: its fields, each of which can be changed, and what can be done with it.

import { announce, byId, make, notify } from "./dom.js";
import { problemOf } from "./events.js";
import { formatTime, parseTime, toMillisecond } from "./times.js";
import { addEvent } from "./timeline.js";

const FIELDS = ["label", "person", "start", "end", "score"];
const readers = {
  label: (text) => text.trim(),
  person: (text) => (/^\s*\d+\s*$/.test(text) ? Number(text) : NaN),
  start: (text) => toMillisecond(parseTime(text)),
  end: (text) => toMillisecond(parseTime(text)),
  score: (text) => (text.trim() === "" ? NaN : Number(text.replace(",", "."))),
};
const writers = { label: String, person: String, start: (time) => formatTime(time), end: (time) => formatTime(time), score: (score) => String(Number(score.toFixed(4))) };

/** Make the form and return the actions on the selected event, for the keyboard. */
export function createInspector(store, player) {
  const form = byId("inspector");
  const inputs = Object.fromEntries(FIELDS.map((name) => [name, byId(`field-${name}`)]));
  const selected = () => (store.selected === null ? null : store.get(store.selected));
  const editable = () => (selected()?.table === 0 ? selected() : null);

  function show() {
    const event = selected();
    form.classList.toggle("empty", !event);
    byId("inspector-title").textContent = title(store, event);
    for (const name of FIELDS) {
      inputs[name].disabled = event?.table !== 0;
      inputs[name].value = event ? writers[name](store.previewed(event)[name]) : "";
      inputs[name].setCustomValidity("");
    }
    for (const name of ["start-here", "end-here", "delete"]) byId(name).disabled = event?.table !== 0;
    byId("play-event").disabled = !event;
    byId("take-over").hidden = !event || event.table === 0;
  }

  function commit(name) {
    const event = editable();
    if (!event) return;
    const input = inputs[name];
    if (input.value === writers[name](event[name])) return;
    const value = readers[name](input.value);
    const problem = problemOf({ ...event, [name]: value });
    input.setCustomValidity(problem ?? "");
    if (problem) {
      input.reportValidity();
      announce(problem);
      return;
    }
    store.change(event.id, { [name]: value }, `change the ${name}`);
    announce(`Changed ${name} to ${writers[name](value)}`);
  }

  function setEdge(edge) {
    const event = editable();
    if (!event) return;
    const time = toMillisecond(player.time());
    if (problemOf({ ...event, [edge]: time })) notify(`The ${edge} cannot be set here: the end has to be after the start.`);
    else {
      store.change(event.id, { [edge]: time }, "move an edge");
      announce(`The ${edge} is ${formatTime(time)}`);
    }
  }

  function remove() {
    const event = editable();
    if (!event) return;
    const place = store.placeOf(event.id);
    store.remove(event.id);
    const next = store.listed()[Math.min(Math.max(place, 0), store.listed().length - 1)];
    if (next) store.select(next.id);
    const then = next ? `; selected ${next.label} at ${formatTime(next.start)}` : "";
    announce(`Deleted ${event.label}, person ${event.person}, at ${formatTime(event.start)}${then}`);
  }

  function add() {
    const model = selected() ?? store.listed()[0];
    const label = model?.label ?? store.labels()[0] ?? store.data.vocabulary[0].label;
    const start = toMillisecond(Math.min(player.time(), player.duration() - 0.1));
    addEvent(store, player, { person: model?.person ?? 0, label }, start, toMillisecond(start + 1));
    inputs.label.focus();
    inputs.label.select();
  }

  function takeOver() {
    const event = selected();
    if (!event || event.table === 0) return;
    const { person, label, start, end, score, box, tube } = event;
    store.add({ person, label, start, end, score, box, tube });
    announce(`Copied ${label} to ${store.tables[0].name}`);
  }

  function play() {
    const event = selected();
    if (event) player.playSpan(event.start, event.end);
  }

  for (const name of FIELDS) {
    inputs[name].addEventListener("change", () => commit(name));
    inputs[name].addEventListener("input", () => inputs[name].setCustomValidity(""));
  }
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const name = FIELDS.find((one) => inputs[one] === document.activeElement);
    if (name) commit(name);
  });
  form.addEventListener("keydown", (press) => {
    if (press.key !== "Escape") return;
    show();
    byId("events").focus();
    press.stopPropagation();
  });
  const actions = { remove, add, play, takeOver, setStart: () => setEdge("start"), setEnd: () => setEdge("end") };
  byId("start-here").addEventListener("click", actions.setStart);
  byId("end-here").addEventListener("click", actions.setEnd);
  byId("delete").addEventListener("click", remove);
  byId("add").addEventListener("click", add);
  byId("play-event").addEventListener("click", play);
  byId("take-over").addEventListener("click", takeOver);
  const proposeLabels = () => {
    const labels = [...new Set([...store.data.vocabulary.map((entry) => entry.label), ...store.labels()])];
    byId("known-labels").replaceChildren(...labels.map((label) => make("option", { value: label })));
  };
  store.on("selection events preview", show);
  store.on("events", proposeLabels);
  proposeLabels();
  show();
  return actions;
}

function title(store, event) {
  if (!event) return "No event selected";
  if (!store.comparing) return "Selected event";
  const match = store.matches().get(event.id);
  const other = store.tables[1 - event.table].name;
  return `${store.tables[event.table].name}: ${match ? `also in ${other}, tIoU ${match.tiou.toFixed(2)}` : `not in ${other}`}`;
}
