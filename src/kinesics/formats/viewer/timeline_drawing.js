// Draw the timeline: ruler, names of lanes, events, and the overview of the whole video beneath.

import { inkOn } from "./colours.js";
import { shortened } from "./dom.js";
import { eventsBetween, HEADER, RULER } from "./timeline_layout.js";
import { formatTime, rulerStep } from "./times.js";

const FONT = "12px system-ui, sans-serif";
const [NARROW, TEXT_FROM] = [4, 38]; // pixels: bars up to the one are plain, from the other on they hold the score
export const HANDLE = 6; // pixels on each side of an edge where it can be taken

/** Draw what is in view: `view` has from, to, gutter (its left edge), and scroll (pixels from the top of all lanes). */
export function drawTimeline(context, size, layout, view, store, palette) {
  const scale = (size.width - view.gutter) / (view.to - view.from);
  const x = (seconds) => view.gutter + (seconds - view.from) * scale;
  const paint = { context, size, view, store, palette, x, scale };
  context.font = FONT;
  context.textBaseline = "middle";
  drawGrid(paint, layout);
  context.save();
  context.beginPath();
  context.rect(view.gutter, RULER, size.width - view.gutter, size.height - RULER);
  context.clip();
  for (const lane of layout.lanes) {
    if (lane.kind === "lane" && isInView(lane, paint)) for (const row of lane.rows) drawRow(paint, row);
  }
  context.restore();
  drawNames(paint, layout);
}

const placeOf = (top, { view }) => RULER + top - view.scroll;
const isInView = (lane, paint) => placeOf(lane.top + lane.height, paint) > RULER && placeOf(lane.top, paint) < paint.size.height;

function drawGrid({ context, size, view, palette, x, scale }, layout) {
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, size.width, size.height);
  const step = rulerStep(90 / scale);
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  const bottom = Math.min(size.height, RULER + layout.height - view.scroll);
  for (let tick = Math.ceil(view.from / step); tick * step <= view.to; tick++) {
    const place = Math.round(x(tick * step)) + 0.5;
    if (place < view.gutter) continue;
    line(context, palette.line, place, RULER - 6, place, bottom);
    context.fillStyle = palette.muted;
    if (place + 60 < size.width) context.fillText(formatTime(tick * step, digits), place + 4, RULER / 2);
  }
  line(context, palette.line, 0, RULER - 0.5, size.width, RULER - 0.5);
}

function line(context, colour, x0, y0, x1, y1) {
  Object.assign(context, { strokeStyle: colour, lineWidth: 1 });
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function drawNames(paint, layout) {
  const { context, size, view, store, palette } = paint;
  context.save();
  context.beginPath();
  context.rect(0, RULER, size.width, size.height - RULER);
  context.clip();
  context.fillStyle = palette.surface;
  context.fillRect(0, RULER, view.gutter, size.height);
  for (const lane of layout.lanes) {
    if (!isInView(lane, paint)) continue;
    const y = placeOf(lane.top, paint);
    if (lane.kind === "person") drawPerson(paint, lane.person, y);
    else {
      context.fillStyle = palette.fill(lane.label);
      context.fillRect(10, y + 4, 4, lane.height - 8);
      context.fillStyle = palette.text;
      context.fillText(shortened(context, lane.label, view.gutter - 30), 20, y + lane.height / 2);
      if (!store.comparing) continue;
    }
    line(context, palette.line, 0, y + lane.height - 0.5, size.width, y + lane.height - 0.5);
  }
  const above = layout.lanes.findLast((lane) => lane.kind === "person" && lane.top < view.scroll);
  if (above) drawPerson(paint, above.person, RULER); // stays at the top while its lanes are scrolled
  context.restore();
  line(context, palette.line, view.gutter - 0.5, 0, view.gutter - 0.5, size.height);
}

function drawPerson({ context, size, view, palette }, person, y) {
  context.fillStyle = palette.raised;
  context.fillRect(0, y, size.width, HEADER);
  context.fillStyle = palette.text;
  context.font = `600 ${FONT}`;
  context.fillText(shortened(context, `Person ${person}`, view.gutter - 16), 10, y + HEADER / 2);
  context.font = FONT;
}

function drawRow(paint, row) {
  const { view, store, x } = paint;
  const top = placeOf(row.top, paint);
  let drawnTo = -Infinity;
  let selected = null;
  for (const original of eventsBetween(row, view.from, view.to)) {
    const event = store.previewed(original);
    if (event.id === store.selected) selected = event;
    const left = x(event.start);
    const width = Math.max(2, x(event.end) - left - 0.5);
    if (left + width <= drawnTo) continue; // it lies under what is drawn already
    drawBar(paint, event, left, top, width, row.height);
    drawnTo = left + width;
  }
  if (selected) drawSelected(paint, selected, top, row.height);
}

/** Draw one event: filled, hatched where the other table has none like it, in outline in the second table. */
function drawBar({ context, store, palette, view, size }, event, left, top, width, height) {
  const fill = palette.fill(event.label);
  const different = store.isDifferent(event);
  context.fillStyle = event.table ? palette.surface : fill;
  if (width <= NARROW) {
    context.fillStyle = fill;
    context.fillRect(left, top + (event.table ? height / 4 : 0), width, event.table ? height / 2 : height);
    return;
  }
  context.beginPath();
  context.roundRect(left, top, width, height, 3);
  context.fill();
  if (event.table) {
    Object.assign(context, { strokeStyle: fill, lineWidth: 2 });
    context.beginPath();
    context.roundRect(left + 1, top + 1, width - 2, height - 2, 2);
    context.stroke();
  }
  if (different) hatch(context, event.table ? fill : palette.surface, Math.max(left, view.gutter), top, Math.min(left + width, size.width), height);
  if (width < TEXT_FROM || different) return;
  context.fillStyle = event.table ? palette.text : inkOn(fill);
  context.font = "10px system-ui, sans-serif";
  context.fillText(event.score.toFixed(2), Math.max(left, view.gutter) + 5, top + height / 2 + 0.5);
  context.font = FONT;
}

function hatch(context, colour, left, top, right, height) {
  Object.assign(context, { strokeStyle: colour, lineWidth: 1.5 });
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, height);
  context.clip();
  context.beginPath();
  for (let place = left - height; place < right; place += 7) {
    context.moveTo(place, top + height);
    context.lineTo(place + height, top);
  }
  context.stroke();
  context.restore();
}

function drawSelected({ context, palette, x }, event, top, height) {
  const [left, right] = [x(event.start), Math.max(x(event.start) + 2, x(event.end))];
  Object.assign(context, { strokeStyle: palette.surface, lineWidth: 4 });
  context.strokeRect(left - 1, top - 1, right - left + 2, height + 2);
  Object.assign(context, { strokeStyle: palette.accent, lineWidth: 2 });
  context.strokeRect(left - 1, top - 1, right - left + 2, height + 2);
  if (event.table) return;
  context.fillStyle = palette.accent;
  for (const edge of [left - 1, right + 1]) {
    context.beginPath();
    context.roundRect(edge - 2.5, top - 2, 5, height + 4, 2);
    context.fill();
  }
}

/** Draw how many events there are along the whole video, how many only one table has, and which part is in view. */
export function drawOverview(context, size, store, view, duration, palette) {
  const x = (seconds) => view.gutter + (seconds / duration) * (size.width - view.gutter);
  const pixels = Math.max(1, Math.ceil(size.width - view.gutter));
  const counts = densities(store.listed(), pixels, duration);
  const most = counts.reduce((top, count) => Math.max(top, count), 1);
  const drawCounts = (numbers, colour) => {
    context.fillStyle = colour;
    numbers.forEach((count, pixel) => {
      const height = (count / most) * (size.height - 6);
      if (count) context.fillRect(view.gutter + pixel, size.height - 2 - height, 1, height);
    });
  };
  drawCounts(counts, palette.muted);
  if (store.comparing) drawCounts(densities(store.differences(), pixels, duration), palette.danger);
  const [left, right] = [x(view.from), x(view.to)];
  Object.assign(context, { strokeStyle: palette.accent, fillStyle: palette.accent, lineWidth: 2 });
  context.globalAlpha = 0.14;
  context.fillRect(left, 0, right - left, size.height);
  context.globalAlpha = 1;
  context.strokeRect(left + 1, 1, Math.max(4, right - left - 2), size.height - 2);
  context.fillStyle = palette.muted;
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillText("Whole video", 10, size.height / 2);
}

/** Return the number of events at each pixel. */
function densities(events, pixels, duration) {
  const steps = new Int32Array(pixels + 1);
  for (const event of events) {
    const first = Math.floor((event.start / duration) * pixels);
    steps[Math.min(first, steps.length - 2)]++;
    steps[Math.min(Math.max(first + 1, Math.ceil((event.end / duration) * pixels)), steps.length - 1)]--;
  }
  let sum = 0;
  return steps.subarray(0, -1).map((step) => (sum += step));
}
