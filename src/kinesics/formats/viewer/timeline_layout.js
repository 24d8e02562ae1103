// Where lanes and events lie on the timeline: one lane for each person and label, and a row of it for each table.

import { firstWhere } from "./events.js";

export const RULER = 26; // pixels, as all here
export const HEADER = 24;
const [BAR, GAP] = [16, 3];
const MOST_ROWS = 4; // of one table in a lane; more events at a time lie over each other

/** Return the lanes with their place in pixels from the top, and the height of all. */
export function layOut(store) {
  const { labels: hiddenLabels, persons: hiddenPersons } = store.filter;
  const kinds = new Set([...store.all()].map((event) => laneKey(event.person, event.label)));
  const byLane = store.tables.map((_, table) => Map.groupBy(store.shown(table), (event) => laneKey(event.person, event.label)));
  const lanes = [];
  let top = 0;
  for (const person of store.persons().filter((one) => !hiddenPersons.has(one))) {
    lanes.push({ kind: "person", person, top, height: HEADER });
    top += HEADER;
    for (const label of store.labels()) {
      const key = laneKey(person, label);
      if (hiddenLabels.has(label) || !kinds.has(key)) continue;
      const rows = byLane.flatMap((lane, table) => pack(lane.get(key) ?? []).map((row) => ({ ...row, table })));
      const bar = store.comparing ? BAR - 4 : BAR;
      rows.forEach((row, place) => Object.assign(row, { top: top + GAP + place * (bar + 1), height: bar }));
      const height = rows.length * (bar + 1) + 2 * GAP;
      lanes.push({ kind: "lane", person, label, top, height, rows });
      top += height;
    }
  }
  return { lanes, height: top };
}

const laneKey = (person, label) => `${person} ${label}`;

/** Put events, sorted by start, into as few rows as have no overlap; at least one row, at most `MOST_ROWS`. */
function pack(events) {
  const rows = [{ events: [], longest: 0, end: -Infinity }];
  for (const event of events) {
    let row = rows.find((one) => one.end <= event.start);
    if (!row && rows.length < MOST_ROWS) rows.push((row = { events: [], longest: 0, end: -Infinity }));
    row ??= rows.reduce((soonest, one) => (one.end < soonest.end ? one : soonest));
    row.events.push(event);
    row.longest = Math.max(row.longest, event.end - event.start);
    row.end = Math.max(row.end, event.end);
  }
  return rows;
}

/** Return the part of a row's events that may be seen from one time to another. */
export function eventsBetween(row, from, to) {
  const { events, longest } = row;
  const first = firstWhere(events.length, (place) => events[place].start >= from - longest);
  const last = firstWhere(events.length, (place) => events[place].start >= to);
  return events.slice(first, last);
}

/** Return the lane at a height in pixels from the top of all lanes; undefined if there is none. */
export function laneAt(layout, y) {
  return layout.lanes.find((lane) => y >= lane.top && y < lane.top + lane.height);
}

/** Return the event at a place of the lanes: of those that overlap, the shortest; undefined if there is none. */
export function eventAt(layout, y, from, to) {
  const row = laneAt(layout, y)?.rows?.find((one) => y >= one.top - 1 && y < one.top + one.height + 1);
  const hits = row ? eventsBetween(row, from, to).filter((event) => event.end > from && event.start < to) : [];
  return hits.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
}
