// Make and find elements. Text reaches the page through text nodes and attributes only, never as markup.

export const byId = (id) => document.getElementById(id);

/** Make an element: `on...` are listeners, `style` is an object, `true` an attribute without a value, `false` none. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (name === "style") {
      for (const [property, setting] of Object.entries(value)) node.style.setProperty(property, setting);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Have screen readers read a sentence, also if it is the same as before. */
export function announce(sentence) {
  const live = byId("live");
  live.textContent = live.textContent === sentence ? `${sentence}\u00a0` : sentence;
}

/** Show a message for some seconds, with a button if there is something to do about it. */
export function notify(sentence, action = null) {
  const box = byId("notice");
  const close = () => box.replaceChildren();
  const button = action && make("button", { type: "button", onclick: () => (close(), action.run()) }, action.name);
  const dismiss = make("button", { type: "button", "aria-label": "Dismiss", class: "quiet", onclick: close }, "×");
  box.replaceChildren(make("p", {}, sentence), ...(button ? [button] : []), dismiss);
  clearTimeout(notify.timer);
  notify.timer = setTimeout(close, 12000);
  announce(sentence);
}

/** Call a function once before the next frame is painted, however often this is called. */
export function oncePerFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** Fit a canvas to its size on the page, in device pixels; return its context in CSS pixels and that size. */
export function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const [pixelsWide, pixelsHigh] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelsWide) canvas.width = pixelsWide;
  if (canvas.height !== pixelsHigh) canvas.height = pixelsHigh;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

const widths = new Map();

/** Return a text as it fits into a width of a canvas, cut off with an ellipsis where it is wider. */
export function shortened(context, text, width) {
  const key = `${context.font} ${width} ${text}`;
  if (!widths.has(key)) {
    let short = text;
    while (short.length > 1 && context.measureText(short).width > width) short = `${Array.from(short).slice(0, -2).join("")}…`;
    widths.set(key, short);
  }
  return widths.get(key);
}
