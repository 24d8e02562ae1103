// A colour for every label, readable on the light and on the dark page.

// After Okabe and Ito's palette, for labels outside of the vocabulary.
const OTHERS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8E63B0", "#6B8E23", "#7A5230"];

const channels = (hex) => [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16));
const toHex = (rgb) => `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, "0")).join("")}`;

/** Return the relative luminance (WCAG 2) of a colour #rrggbb. */
function luminance(hex) {
  const [red, green, blue] = channels(hex).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Return the contrast (WCAG 2) of two colours, 1 to 21. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Mix a colour with white or black until it stands out from the background. */
export function readable(hex, background, least = 3) {
  const end = luminance(background) < 0.18 ? 255 : 0;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = toHex(channels(hex).map((value) => value * (1 - share) + end * share));
    if (contrast(mixed, background) >= least) return mixed;
  }
  return end ? "#ffffff" : "#000000";
}

/** Return black or white, whichever can be read on the colour. */
export const inkOn = (hex) => (contrast(hex, "#111111") >= contrast(hex, "#ffffff") ? "#111111" : "#ffffff");

/** Return a function from a label to its colour, the vocabulary's or one of its place among the other labels. */
export function labelColours(vocabulary) {
  const known = new Map(vocabulary.map((entry) => [entry.label, entry.colour]));
  let next = 0;
  return (label) => {
    if (!known.has(label)) known.set(label, OTHERS[next++ % OTHERS.length]);
    return known.get(label);
  };
}

/** Return the colours of the page as it is now: light or dark, with those of labels adapted to it. */
export function readPalette(colourOf) {
  const style = (name) => getComputedStyle(document.querySelector(`#swatches .${name}`)).color;
  const names = ["surface", "raised", "text", "muted", "line", "accent", "danger"];
  const page = Object.fromEntries(names.map((name) => [name, toHex(style(name).match(/[\d.]+/g).slice(0, 3).map(Number))]));
  const fills = new Map();
  const fill = (label) => {
    if (!fills.has(label)) fills.set(label, readable(colourOf(label), page.surface));
    return fills.get(label);
  };
  return { ...page, fill };
}
