// The film strip of the selected event: frames of a second, invisible copy of the video.
//
// A page that is opened from disk may draw its video on a canvas, but not read the canvas back. Hence each frame has a
// canvas of its own, which is shown as it is.

import { byId, make } from "./dom.js";
import { inkOn } from "./colours.js";
import { boxAt } from "./events.js";
import { formatTime } from "./times.js";

const [FRAME_HEIGHT, KEPT, WAIT_MS] = [72, 40, 4000];

/** Show the frames of the event that is selected. */
export function createFilmStrip(store, player, palette) {
  const strip = byId("film");
  const source = make("video", { muted: true, preload: "metadata", playsinline: true });
  source.muted = true;
  const drawn = new Map(); // the latest strips, by what they show
  let turn = 0;

  async function show() {
    const mine = ++turn;
    const event = store.selected === null ? null : store.get(store.selected);
    byId("film-hint").hidden = Boolean(event && player.isReady());
    if (!event || !player.isReady()) {
      strip.replaceChildren();
      return;
    }
    const times = sampleTimes(event, strip, player.video);
    const key = JSON.stringify([event.id, event.label, times, player.playable()]);
    const frames = drawn.get(key) ?? times.map((time) => makeFrame(time, player));
    strip.setAttribute("aria-label", `Frames of ${event.label}, person ${event.person}`);
    strip.replaceChildren(...frames.map(({ item }) => item));
    if (source.dataset.of !== player.playable()) {
      source.src = player.playable();
      source.dataset.of = player.playable();
    }
    for (const frame of frames) {
      if (!frame.done) await drawFrame(frame, source, () => markBox(frame, event, palette()));
      if (mine !== turn) return; // another event was selected
    }
    drawn.delete(key);
    drawn.set(key, frames);
    if (drawn.size > KEPT) drawn.delete(drawn.keys().next().value);
    strip.dataset.complete = event.id;
  }

  let pending = 0;
  const soon = () => {
    delete strip.dataset.complete;
    clearTimeout(pending);
    pending = setTimeout(show, 60); // j, j, j: only the last one is drawn
  };
  store.on("selection events", soon);
  player.on("ready", soon);
  let width = strip.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(strip.clientWidth - width) < 40) return;
    width = strip.clientWidth;
    soon();
  }).observe(strip);
}

/** Return the times of as many frames as there is room for, each from the middle of its part of the event. */
function sampleTimes(event, strip, video) {
  const width = (FRAME_HEIGHT * video.videoWidth) / (video.videoHeight || 1) + 6;
  const count = Math.max(2, Math.min(12, Math.floor(strip.clientWidth / width)));
  const part = (event.end - event.start) / count;
  return Array.from({ length: count }, (_, place) => Math.min(event.start + (place + 0.5) * part, video.duration - 0.001));
}

function makeFrame(time, player) {
  const { videoWidth, videoHeight } = player.video;
  const height = FRAME_HEIGHT * 2;
  const canvas = make("canvas", { width: Math.round((height * videoWidth) / videoHeight), height, "aria-hidden": "true" });
  const caption = formatTime(time, 2);
  const button = make("button", { type: "button", "aria-label": `Go to ${caption}`, onclick: () => player.seek(time) }, canvas, make("span", {}, caption));
  return { item: make("li", {}, button), canvas, time, done: false };
}

async function drawFrame(frame, source, mark) {
  if (source.readyState < HTMLMediaElement.HAVE_METADATA) await once(source, "loadedmetadata");
  const shown = frameShown(source);
  source.currentTime = frame.time;
  do await once(source, "seeked");
  while (source.seeking && !source.error);
  await shown;
  if (Math.abs(source.currentTime - frame.time) > 0.01) return; // a later strip took the source over
  const { canvas } = frame;
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  mark();
  frame.done = true;
}

/** Draw the box of the event into a frame of the strip. */
function markBox({ canvas, time }, event, palette) {
  const box = boxAt(event, time);
  if (!box) return;
  const context = canvas.getContext("2d");
  const [x, y] = [box[0] * canvas.width, box[1] * canvas.height];
  const size = [(box[2] - box[0]) * canvas.width, (box[3] - box[1]) * canvas.height];
  const colour = palette.fill(event.label);
  for (const [width, stroke] of [[5, inkOn(colour)], [3, colour]]) {
    Object.assign(context, { lineWidth: width, strokeStyle: stroke });
    context.strokeRect(x, y, ...size);
  }
}

/** Wait for the next frame that is ready to be drawn: on a busy machine it comes after the seek has ended. */
function frameShown(video) {
  return video.requestVideoFrameCallback ? withTimeout((done) => video.requestVideoFrameCallback(done)) : Promise.resolve();
}

/** Wait for an event of the video. */
function once(video, name) {
  return withTimeout((done) => video.addEventListener(name, done, { once: true }));
}

/** Wait until what is begun calls back, but not for ever: a file may be damaged. */
function withTimeout(begin) {
  return new Promise((resolve) => {
    setTimeout(resolve, WAIT_MS);
    begin(resolve);
  });
}
