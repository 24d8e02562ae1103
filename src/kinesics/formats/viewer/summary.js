// Counts and durations of what is shown, by person and label; with two tables, how far they agree.

import { byId, make } from "./dom.js";
import { formatDuration } from "./times.js";

/** Fill the summary whenever it is visible and something changes. */
export function createSummary(store, player, palette) {
  const panel = byId("summary");
  const draw = () => {
    if (panel.hidden) return;
    const tables = store.tables.map((table, place) => countsTable(store, place, player.duration(), palette()));
    panel.replaceChildren(...(store.comparing ? [agreement(store)] : []), ...tables);
  };
  store.on("events filter", draw);
  player.on("ready", draw);
  return { draw };
}

function countsTable(store, place, duration, palette) {
  const events = store.shown(place);
  const groups = [...Map.groupBy(events, (event) => JSON.stringify([event.person, event.label])).values()];
  const order = store.labels();
  groups.sort(([a], [b]) => a.person - b.person || order.indexOf(a.label) - order.indexOf(b.label));
  const cell = (text) => make("td", {}, text);
  const rows = groups.map((group) => {
    const [{ person, label }] = group;
    const total = covered(group);
    const mean = group.reduce((sum, event) => sum + event.end - event.start, 0) / group.length;
    const swatch = make("span", { class: "swatch", style: { background: palette.fill(label) } });
    const head = make("th", { scope: "row" }, make("span", { class: "label-cell" }, swatch, make("span", {}, label)));
    return make("tr", {}, cell(person), head, cell(group.length), cell(formatDuration(total)), cell(`${((100 * total) / duration).toFixed(1)} %`), cell(formatDuration(mean)), cell(((60 * group.length) / duration).toFixed(2)));
  });
  const names = ["Person", "Label", "Events", "Time", "Share", "Mean", "Per min"];
  const caption = make("caption", {}, store.comparing ? store.tables[place].name : "Events that are shown");
  const head = make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));
  return make("table", {}, caption, head, make("tbody", {}, ...rows));
}

/** Return how long at least one of the events, sorted by start, goes on, in seconds. */
function covered(events) {
  let [sum, end] = [0, 0];
  for (const event of events) {
    sum += Math.max(0, event.end - Math.max(event.start, end));
    end = Math.max(end, event.end);
  }
  return sum;
}

/** Describe the agreement of the tables at tIoU 0.5, of the persons and labels that are shown. */
function agreement(store) {
  const { labels, persons } = store.filter;
  const [first, second] = store.tables.map((_, table) => store.passing(table).filter((event) => !labels.has(event.label) && !persons.has(event.person)));
  const both = first.filter((event) => store.matches().has(event.id)).length;
  const [one, other] = store.tables.map((table) => table.name);
  const f1 = first.length + second.length ? ((2 * both) / (first.length + second.length)).toFixed(2) : "–";
  const entries = [["In both", both], [`Only ${one}`, first.length - both], [`Only ${other}`, second.length - both], ["F1 at tIoU 0.5", f1]];
  return make("dl", { class: "agreement" }, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}
