// The timeline: zoom and pan, select and seek, and drag edges of the selected event.

import { announce, byId, fitCanvas, oncePerFrame } from "./dom.js";
import { drawOverview, drawTimeline, HANDLE } from "./timeline_drawing.js";
import { eventAt, HEADER, laneAt, layOut, RULER } from "./timeline_layout.js";
import { formatTime, toMillisecond } from "./times.js";

const SHORTEST_VIEW_S = 0.2;
const [WIDE_GUTTER, NARROW_GUTTER, NARROW_PAGE] = [148, 104, 560];
const CLICK = 4; // pixels that the pointer may move in a click
const SHORTEST_EVENT_S = 0.001;

/** Make the timeline and return what the keyboard needs: zoom(factor), fit(), zoomTo(event), reveal(event). */
export function createTimeline(store, player, palette) {
  const scroller = byId("lanes");
  const canvas = byId("lanes-canvas");
  const overview = byId("overview");
  const playhead = byId("playhead");
  const view = { from: 0, to: player.duration(), gutter: WIDE_GUTTER, scroll: 0 };
  let layout = layOut(store);

  const draw = oncePerFrame(() => {
    view.gutter = scroller.clientWidth < NARROW_PAGE ? NARROW_GUTTER : WIDE_GUTTER;
    view.scroll = scroller.scrollTop;
    canvas.style.height = `${scroller.clientHeight}px`;
    const lanes = fitCanvas(canvas);
    drawTimeline(lanes.context, lanes, layout, view, store, palette());
    const whole = fitCanvas(overview);
    drawOverview(whole.context, whole, store, view, player.duration(), palette());
    placeHead();
    byId("view-span").textContent = `${formatTime(view.from, 1)} – ${formatTime(view.to, 1)}`;
  });

  function placeHead() {
    const place = xOf(player.time());
    playhead.hidden = place < view.gutter - 1 || place > canvas.clientWidth + 1;
    playhead.style.transform = `translateX(${place}px)`;
    const text = formatTime(player.time(), 1);
    if (scroller.getAttribute("aria-valuetext") === text) return;
    scroller.setAttribute("aria-valuenow", player.time().toFixed(1));
    scroller.setAttribute("aria-valuemax", player.duration().toFixed(1));
    scroller.setAttribute("aria-valuetext", text);
  }

  function arrange() {
    layout = layOut(store);
    byId("lanes-height").style.height = `${layout.height + RULER}px`;
    byId("no-events").textContent = store.isEmpty() ? "There is no event yet." : "No lane is shown.";
    byId("no-events").hidden = layout.lanes.some((lane) => lane.kind === "lane");
    draw();
  }

  const xOf = (seconds) => view.gutter + ((seconds - view.from) / (view.to - view.from)) * (canvas.clientWidth - view.gutter);
  const timeAt = (x) => view.from + ((x - view.gutter) / (canvas.clientWidth - view.gutter)) * (view.to - view.from);

  function show(from, span) {
    const length = Math.min(Math.max(span, SHORTEST_VIEW_S), player.duration());
    view.from = Math.min(Math.max(0, from), player.duration() - length);
    view.to = view.from + length;
    draw();
  }

  function zoom(factor, x = null) {
    const span = (view.to - view.from) * factor;
    const time = player.time();
    const inView = time >= view.from && time <= view.to;
    const middle = x !== null ? timeAt(x) : inView ? time : (view.from + view.to) / 2;
    const share = (middle - view.from) / (view.to - view.from);
    show(middle - share * span, span);
  }

  /** Bring an event into view, in time and among the lanes. */
  function reveal(event) {
    const span = view.to - view.from;
    if (event.start < view.from || event.end > view.to) {
      const longest = Math.max(span, (event.end - event.start) * 1.2);
      show((event.start + event.end - longest) / 2, longest);
    }
    const lane = layout.lanes.find((one) => one.label === event.label && one.person === event.person);
    if (!lane) return;
    const room = scroller.clientHeight - RULER;
    if (lane.top - HEADER < scroller.scrollTop) scroller.scrollTop = lane.top - HEADER;
    else if (lane.top + lane.height > scroller.scrollTop + room) scroller.scrollTop = lane.top + lane.height - room;
  }

  const timeline = {
    zoom,
    reveal,
    draw,
    pan: (share) => show(view.from + share * (view.to - view.from), view.to - view.from),
    fit: () => show(0, player.duration()),
    zoomTo: (event) => show(event.start - (event.end - event.start), 3 * Math.max(event.end - event.start, 0.5)),
    span: () => view.to - view.from,
  };

  store.on("events filter", arrange);
  store.on("selection preview", draw);
  player.on("ready", timeline.fit);
  player.on("time", (time) => {
    const { paused } = player.video;
    const span = view.to - view.from;
    if (time > view.to || (paused && time < view.from)) show(paused ? time - span / 2 : time, span);
    else placeHead();
  });
  scroller.addEventListener("scroll", draw);
  new ResizeObserver(draw).observe(scroller);
  byId("zoom-in").addEventListener("click", () => zoom(0.5));
  byId("zoom-out").addEventListener("click", () => zoom(2));
  byId("zoom-fit").addEventListener("click", timeline.fit);
  scroller.addEventListener(
    "wheel",
    (turn) => {
      const pixels = turn.deltaMode ? 16 : 1;
      const sideways = turn.shiftKey && !turn.deltaX ? turn.deltaY : turn.deltaX;
      if (turn.ctrlKey || turn.metaKey || turn.altKey) zoom(1.003 ** (turn.deltaY * pixels), turn.offsetX);
      else if (Math.abs(sideways) > Math.abs(turn.shiftKey ? 0 : turn.deltaY)) timeline.pan((sideways * pixels) / canvas.clientWidth);
      else return; // the lanes are scrolled
      turn.preventDefault();
    },
    { passive: false },
  );
  listenToPointer({ store, player, canvas, view, timeline, xOf, timeAt, show, layout: () => layout });
  listenToOverview(overview, view, player, show);
  arrange();
  return timeline;
}

/** Return the edge of the selected event at a place: "start", "end" or null. */
function edgeAt({ store, xOf, layout, view }, x, y) {
  const event = store.selected === null ? null : store.get(store.selected);
  if (!event || event.table !== 0) return null;
  const lane = laneAt(layout(), y - RULER + view.scroll);
  if (lane?.label !== event.label || lane.person !== event.person) return null;
  const [start, end] = [Math.abs(x - xOf(event.start)), Math.abs(x - xOf(event.end))];
  if (Math.min(start, end) > HANDLE) return null;
  return start < end ? "start" : "end";
}

function listenToPointer(parts) {
  const { store, player, canvas, view, timeline, timeAt, show, layout } = parts;
  let drag = null;
  const below = (y) => (view.scroll > 0 && y < RULER + HEADER ? -1 : y - RULER + view.scroll); // -1 is the name of a person
  const seconds = (x) => Math.min(Math.max(0, timeAt(x)), player.duration());

  canvas.addEventListener("pointerdown", (press) => {
    if (press.button !== 0) return;
    const [x, y] = [press.offsetX, press.offsetY];
    canvas.setPointerCapture(press.pointerId);
    const lane = laneAt(layout(), below(y));
    const edge = edgeAt(parts, x, y);
    const kind = y < RULER ? "scrub" : edge ? "edge" : press.shiftKey && lane?.kind === "lane" ? "new" : "pan";
    drag = { kind, edge, lane, x, y, from: view.from, time: seconds(x), moved: false };
    if (kind === "scrub") player.seek(seconds(x));
  });

  canvas.addEventListener("pointermove", (move) => {
    const [x, y] = [move.offsetX, move.offsetY];
    if (!drag) {
      canvas.style.cursor = edgeAt(parts, x, y) ? "ew-resize" : y < RULER ? "col-resize" : "";
      return;
    }
    drag.moved ||= Math.abs(x - drag.x) > CLICK;
    if (!drag.moved) return;
    if (drag.kind === "scrub") player.seek(seconds(x));
    if (drag.kind === "pan") show(drag.from - (x - drag.x) / (canvas.clientWidth - view.gutter) * (view.to - view.from), view.to - view.from);
    if (drag.kind === "edge") dragEdge(store, player, drag.edge, seconds(x));
  });

  canvas.addEventListener("pointerup", (release) => {
    const done = drag;
    drag = null;
    if (!done) return;
    const [x, y] = [release.offsetX, release.offsetY];
    if (done.kind === "edge") commitEdge(store);
    else if (done.kind === "new" && done.moved) {
      const [start, end] = [done.time, seconds(x)].sort((a, b) => a - b).map(toMillisecond);
      addEvent(store, player, done.lane, start, Math.max(end, start + SHORTEST_EVENT_S));
    } else if (done.kind !== "scrub" && !done.moved) click(x, y);
  });
  canvas.addEventListener("pointercancel", () => {
    drag = null;
    store.setPreview(null);
  });

  function click(x, y) {
    if (x < view.gutter) return;
    const event = eventAt(layout(), below(y), timeAt(x - 2), timeAt(x + 2));
    if (event) {
      store.select(event.id);
      player.seek(event.start);
    } else player.seek(seconds(x));
  }

  canvas.addEventListener("dblclick", (press) => {
    const [x, y] = [press.offsetX, press.offsetY];
    const lane = laneAt(layout(), below(y));
    if (lane?.kind !== "lane" || x < view.gutter) return;
    const event = eventAt(layout(), below(y), timeAt(x - 2), timeAt(x + 2));
    if (event) timeline.zoomTo(event);
    else addEvent(store, player, lane, toMillisecond(seconds(x)), toMillisecond(seconds(x) + Math.min(1, timeline.span() / 10)));
  });
}

function dragEdge(store, player, edge, seconds) {
  const event = store.get(store.selected);
  const time = toMillisecond(seconds);
  const start = edge === "start" ? Math.min(time, toMillisecond(event.end - SHORTEST_EVENT_S)) : event.start;
  const end = edge === "end" ? Math.max(time, toMillisecond(event.start + SHORTEST_EVENT_S)) : event.end;
  store.setPreview({ id: event.id, start, end });
  player.seek(edge === "start" ? start : end);
}

function commitEdge(store) {
  const { preview } = store;
  store.setPreview(null);
  if (!preview) return;
  store.change(preview.id, { start: preview.start, end: preview.end }, "move an edge");
  announce(`Event from ${formatTime(preview.start)} to ${formatTime(preview.end)}`);
}

/** Add an event to a lane, select it and go to its start. */
export function addEvent(store, player, { person, label }, start, end) {
  const id = store.add({ person, label, start, end: Math.min(end, Math.max(player.duration(), start + SHORTEST_EVENT_S)) });
  player.seek(start);
  announce(`Added ${label}, person ${person}, at ${formatTime(start)}`);
  return id;
}

function listenToOverview(overview, view, player, show) {
  let held = false;
  const centre = (move) => {
    const share = (move.offsetX - view.gutter) / (overview.clientWidth - view.gutter);
    const span = view.to - view.from;
    show(share * player.duration() - span / 2, span);
  };
  overview.addEventListener("pointerdown", (press) => {
    held = true;
    overview.setPointerCapture(press.pointerId);
    centre(press);
  });
  overview.addEventListener("pointermove", (move) => held && centre(move));
  overview.addEventListener("pointerup", () => (held = false));
  overview.addEventListener("pointercancel", () => (held = false));
}
