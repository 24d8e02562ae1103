// The video, its controls, and the time of the page, which goes on without a video that can be played.

import { byId, make } from "./dom.js";
import { formatTime } from "./times.js";

const TYPES = { mkv: "Matroska", avi: "AVI", mov: "QuickTime", wmv: "Windows Media" };

/** Make the player. `onTime(seconds)` is called at every frame that is shown, `onReady()` when the duration is known. */
export function createPlayer(store) {
  const video = byId("video");
  const { data } = store;
  const listeners = { time: [], ready: [], state: [] };
  const emit = (kind) => listeners[kind].forEach((listener) => listener(player.time()));
  let chosen = null; // the object URL of a file that was chosen by hand
  let time = 0;
  let stopAt = null;

  const player = {
    video,
    on: (kind, listener) => listeners[kind].push(listener),
    time: () => time,
    isReady: () => video.readyState >= HTMLMediaElement.HAVE_METADATA,
    duration: () => Math.max(player.isReady() && Number.isFinite(video.duration) ? video.duration : data.duration_s, store.lastEnd(), 1),
    source: () => (chosen ? "" : new URL(data.src, document.baseURI).href),
    playable: () => chosen ?? data.src,
    seek(seconds) {
      stopAt = null;
      move(seconds);
    },
    step(frames) {
      video.pause();
      const frame = Math.floor(time * data.rate_hz + 1e-3) + frames;
      player.seek((frame + 0.5) / data.rate_hz); // the middle of a frame shows it whatever the browser rounds
    },
    toggle() {
      if (video.paused) play();
      else video.pause();
    },
    /** Play from a time to another one, and stop there. */
    playSpan(start, end) {
      move(start);
      stopAt = end;
      play();
    },
  };

  function move(seconds) {
    time = Math.min(Math.max(0, seconds), player.duration());
    if (player.isReady()) video.currentTime = Math.min(time, video.duration || time);
    emit("time");
  }

  function play() {
    if (player.isReady()) video.play().catch(() => {}); // a newer command stopped it
  }

  function follow() {
    if (video.seeking) return;
    time = video.currentTime;
    if (stopAt !== null && time >= stopAt) {
      video.pause();
      move(stopAt);
      stopAt = null;
    }
    emit("time");
  }

  function eachFrame() {
    follow();
    if (!video.paused && !video.ended) requestAnimationFrame(eachFrame);
  }

  video.addEventListener("play", () => (requestAnimationFrame(eachFrame), emit("state")));
  video.addEventListener("pause", () => (follow(), emit("state")));
  video.addEventListener("seeked", () => emit("time"));
  video.addEventListener("loadedmetadata", () => {
    byId("video-missing").hidden = true;
    if (time) video.currentTime = time;
    emit("ready");
  });
  video.addEventListener("error", () => {
    byId("video-missing").hidden = false;
    byId("video-problem").textContent = problem(video.error, data.file);
  });
  byId("video-file").addEventListener("change", (changed) => {
    const [file] = changed.target.files;
    if (!file) return;
    if (chosen) URL.revokeObjectURL(chosen);
    chosen = URL.createObjectURL(file);
    video.src = chosen;
  });
  byId("video-convert").textContent = `ffmpeg -i ${shellQuoted(data.file)} -c:v libx264 -pix_fmt yuv420p -c:a aac video.mp4`;
  createControls(player, data);
  video.src = data.src;
  return player;
}

function problem(error, file) {
  const kind = TYPES[file.slice(file.lastIndexOf(".") + 1).toLowerCase()];
  if (error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) {
    return `${file} is not beside this page any more, or this browser cannot play ${kind ?? "its codec"}.`;
  }
  return `${file} cannot be played: ${error?.message || "unknown error"}.`;
}

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function createControls(player, data) {
  const { video } = player;
  const clock = byId("clock");
  const speeds = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];
  const speed = byId("speed");
  speed.append(...speeds.map((rate) => make("option", { value: rate, selected: rate === 1 }, `${rate}×`)));
  speed.addEventListener("change", () => (video.playbackRate = Number(speed.value)));
  byId("play").addEventListener("click", player.toggle);
  byId("frame-back").addEventListener("click", () => player.step(-1));
  byId("frame-on").addEventListener("click", () => player.step(1));
  byId("mute").addEventListener("click", () => (video.muted = !video.muted));
  byId("mute").hidden = !data.has_audio;
  const show = () => {
    clock.textContent = `${formatTime(player.time())} / ${formatTime(player.duration())}`;
  };
  const showState = () => {
    byId("play").classList.toggle("playing", !video.paused);
    byId("play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
    byId("mute").classList.toggle("muted", video.muted);
    byId("mute").setAttribute("aria-pressed", video.muted);
  };
  player.on("time", show);
  player.on("ready", show);
  player.on("state", showState);
  video.addEventListener("volumechange", showState);
  show();
  showState();
}
