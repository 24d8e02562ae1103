// Times as people read and type them. All times of the page are seconds.

/** Write 3723.5 as 1:02:03.500. */
export function formatTime(seconds, digits = 3) {
  const unit = 10 ** digits;
  const total = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(total / unit);
  const fraction = digits ? `.${String(total % unit).padStart(digits, "0")}` : "";
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(whole % 60)}${fraction}`;
}

/** Read 1:02:03.5, 2:03,5 or 123.5 as seconds; NaN if it is no time. */
export function parseTime(text) {
  const parts = text.trim().replace(",", ".").split(":");
  if (parts.length > 3 || !parts.every((part, place) => /^\d+$/.test(part) || (place === parts.length - 1 && /^\d*\.?\d+$|^\d+\.$/.test(part)))) {
    return NaN;
  }
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Write a duration: 0.25 s, 12.3 s, 4 min 05 s, 1 h 02 min. */
export function formatDuration(seconds) {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
}

/** Round to the millisecond, the resolution of the tables. */
export const toMillisecond = (seconds) => Math.round(seconds * 1000) / 1000;

/** Return a step of the ruler of at least this many seconds: 1, 2 or 5 of a power of ten, or of minutes and hours. */
export function rulerStep(least) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000];
  return steps.find((step) => step >= least) ?? Math.ceil(least / 36000) * 36000;
}
