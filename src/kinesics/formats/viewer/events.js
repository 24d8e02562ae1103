// Events as they come from the page's data, and their boxes over time.

const BOX = ["x0", "y0", "x1", "y1"];
const TUBE_UNIT = 20000; // boxes of tubes are integers, this many to the width or height of the frame
const NEAR_S = 0.5; // a box is drawn up to this long before or after the frame that it was measured in

/** Return the tables of the page's data: a name and events by their number, which is unique over all tables. */
export function readTables(data) {
  let id = 0;
  return data.tables.map((table, place) => {
    const tubes = table.tubes && readTubes(table.tubes);
    const rows = table.start_s.map((start, row) => ({
      id: id++,
      table: place,
      person: table.person[row],
      label: table.labels[table.label[row]],
      family: table.families[table.family[row]],
      start,
      end: table.end_s[row],
      score: table.score[row],
      box: table.x0[row] === null ? null : BOX.map((side) => table[side][row]),
      tube: tubes ? tubes[row] : null,
    }));
    return { name: table.name, events: new Map(rows.map((event) => [event.id, event])) };
  });
}

/** Return the boxes of each event: times in milliseconds (N) and boxes in units of the frame (4 N); null if it has none. */
function readTubes(tubes) {
  const bytes = Uint8Array.from(atob(tubes.samples), (sign) => sign.charCodeAt(0));
  const total = bytes.length / 12;
  const times = new Uint32Array(bytes.buffer, 0, total);
  const boxes = new Int16Array(bytes.buffer, 4 * total, 4 * total);
  let first = 0;
  return tubes.counts.map((count) => {
    const last = first + count;
    const tube = count ? { times: times.subarray(first, last), boxes: boxes.subarray(4 * first, 4 * last) } : null;
    first = last;
    return tube;
  });
}

/** Return the box x0,y0,x1,y1 of an event at a time in fractions of the frame, between samples interpolated; null for none. */
export function boxAt(event, seconds) {
  if (!event.tube) return event.box;
  const { times, boxes } = event.tube;
  const time = seconds * 1000;
  const after = firstWhere(times.length, (place) => times[place] >= time);
  const before = Math.max(0, after - 1);
  const next = Math.min(times.length - 1, after);
  const near = (place) => Math.abs(times[place] - time) <= NEAR_S * 1000;
  if (!near(before) && !near(next)) return event.box;
  const [left, right] = near(before) && near(next) ? [before, next] : near(before) ? [before, before] : [next, next];
  const span = times[right] - times[left];
  const share = span ? (time - times[left]) / span : 0;
  return BOX.map((_, side) => (boxes[4 * left + side] * (1 - share) + boxes[4 * right + side] * share) / TUBE_UNIT);
}

/** Return the first number from 0 for which a condition holds that, once true, stays so; `count` if there is none. */
export function firstWhere(count, condition) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (condition(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Compare text by its code points, as Python does. */
export function compareText(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  const place = a.findIndex((sign, index) => sign !== b[index]);
  if (place < 0) return a.length - b.length;
  return place >= b.length ? 1 : a[place].codePointAt(0) - b[place].codePointAt(0);
}

/** Compare events by time, as they are listed and written. */
export function compareEvents(a, b) {
  return a.start - b.start || a.end - b.end || a.person - b.person || compareText(a.label, b.label) || a.score - b.score || a.id - b.id;
}

/** Return why an event cannot be in a table of events, as a sentence; null if it can. */
export function problemOf(event) {
  if (!Number.isInteger(event.person) || event.person < 0 || event.person > 1e9) return "The person has to be a whole number from 0.";
  if (event.label.trim() === "") return "The label is empty.";
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f]/.test(event.label)) return "The label has a control character.";
  if (!Number.isFinite(event.start) || event.start < 0) return "The start is no time, such as 1:02.500 or 62.5.";
  if (!Number.isFinite(event.end) || event.end > 1e6) return "The end is no time, such as 1:02.500 or 62.5.";
  if (event.end <= event.start) return "The end has to be after the start.";
  if (!Number.isFinite(event.score)) return "The score is no number.";
  return null;
}
