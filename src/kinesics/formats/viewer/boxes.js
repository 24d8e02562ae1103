// The boxes of events over the video. They are drawn on a canvas of their own: the video itself is not read.

import { byId, fitCanvas, oncePerFrame, shortened } from "./dom.js";
import { inkOn } from "./colours.js";
import { boxAt } from "./events.js";

const [LINE, TAG_HEIGHT, WIDEST_LABEL, FONT] = [2, 17, 220, "12px system-ui, sans-serif"];
const SAME = 0.01; // boxes whose sides differ by less, in fractions of the frame, are drawn as one

/** Draw the boxes of the events that are shown, at the time of the player, whenever one of them changes. */
export function createBoxes(store, player, palette) {
  const canvas = byId("boxes");
  const visible = byId("show-boxes");
  const draw = oncePerFrame(() => {
    const { context, width, height } = fitCanvas(canvas);
    if (!visible.checked) return;
    const frame = frameOf(player.video, store.data, width, height);
    const groups = groupBoxes(store, player.time());
    const placed = [];
    for (const group of groups) drawBox(context, group, frame, store, palette());
    for (const group of groups) drawTags(context, group, frame, store, palette(), placed);
    canvas.dataset.boxes = groups.length; // for whoever cannot look at the canvas
  });
  player.on("time", draw);
  player.on("ready", draw);
  store.on("events filter selection preview", draw);
  visible.addEventListener("change", draw);
  new ResizeObserver(draw).observe(canvas);
  return { draw };
}

/** Return where the picture lies in its element: the browser fits it in and leaves the rest empty. */
export function frameOf(video, data, width, height) {
  const [pictureWidth, pictureHeight] = [video.videoWidth || data.width, video.videoHeight || data.height];
  const scale = Math.min(width / pictureWidth, height / pictureHeight);
  const size = { width: pictureWidth * scale, height: pictureHeight * scale };
  return { left: (width - size.width) / 2, top: (height - size.height) / 2, ...size };
}

/** Return the boxes at a time, each with the events that share it. */
function groupBoxes(store, seconds) {
  const groups = [];
  store.tables.forEach((_, table) => {
    for (const original of store.around(table, seconds)) {
      const event = store.previewed(original);
      if (event.start > seconds || event.end <= seconds) continue;
      const box = boxAt(event, seconds);
      if (!box) continue;
      const alike = (group) =>
        group.table === table && group.person === event.person && group.box.every((side, k) => Math.abs(side - box[k]) < SAME);
      const group = groups.find(alike);
      if (group) group.events.push(event);
      else groups.push({ table, person: event.person, box, events: [event] });
    }
  });
  return groups;
}

function drawBox(context, { table, box, events }, frame, store, palette) {
  const [left, right] = [box[0], box[2]].map((x) => frame.left + x * frame.width);
  const [top, bottom] = [box[1], box[3]].map((y) => frame.top + y * frame.height);
  const selected = events.find((event) => event.id === store.selected);
  const colour = palette.fill((selected ?? events[0]).label);
  context.setLineDash(table ? [6, 4] : []);
  for (const [width, stroke] of [[LINE + 2, "rgb(0 0 0 / 0.55)"], [selected ? LINE + 1 : LINE, colour]]) {
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.strokeRect(left, top, right - left, bottom - top);
  }
  context.setLineDash([]);
}

/** Write the labels over a box, or where there is no space lower; those of the second table at its right. */
function drawTags(context, { table, person, box, events }, frame, store, palette, placed) {
  const several = store.persons().length > 1;
  context.font = FONT;
  context.textBaseline = "middle";
  // Whole pixels: with fractions, a tag that was moved below another one could still count as over it, and be moved for ever.
  let y = Math.round(Math.max(frame.top, frame.top + box[1] * frame.height - events.length * TAG_HEIGHT));
  for (const event of events) {
    const fill = palette.fill(event.label);
    const label = shortened(context, event.label, Math.min(frame.width / 2, WIDEST_LABEL));
    const text = `${several ? `${person} ` : ""}\u2068${label}\u2069 ${event.score.toFixed(2)}`; // isolates right-to-left text
    const width = context.measureText(text).width + 10;
    const wanted = frame.left + (table ? box[2] * frame.width - width : box[0] * frame.width);
    const left = Math.max(frame.left, Math.min(wanted, frame.left + frame.width - width));
    const isTaken = (tag) => left < tag.left + tag.width && tag.left < left + width && Math.abs(tag.y - y) < TAG_HEIGHT;
    for (let taken = placed.find(isTaken); taken; taken = placed.find(isTaken)) y = taken.y + TAG_HEIGHT;
    placed.push({ left, width, y });
    context.fillStyle = table ? "#ffffff" : fill;
    context.fillRect(left, y, width, TAG_HEIGHT - 1);
    if (table) {
      Object.assign(context, { strokeStyle: fill, lineWidth: 2 });
      context.strokeRect(left + 1, y + 1, width - 2, TAG_HEIGHT - 3);
    }
    context.fillStyle = table ? "#111111" : inkOn(fill);
    context.fillText(text, left + 5, y + TAG_HEIGHT / 2);
    y += TAG_HEIGHT;
  }
}
