// The stretch of time that the lanes show.

const view = { from: 0, to: Math.max(data.duration_s, 0.001) };

/** Nothing shorter is shown, in seconds. */
const CLOSEST = 0.5;

/** The pixel of an instant, and the instant of a pixel, in lanes of this width. */
const pixelAt = (seconds, width) => ((seconds - view.from) / (view.to - view.from)) * width;
const timeAt = (pixel, width) => view.from + (pixel / width) * (view.to - view.from);

/** Shows `factor` times as much, with the instant `around` staying where it is. */
function zoom(factor, around) {
  const shown = view.to - view.from;
  const wanted = Math.min(Math.max(shown * factor, Math.min(CLOSEST, data.duration_s)), data.duration_s);
  const share = (around - view.from) / shown;
  moveTo(around - share * wanted, wanted);
}

/** Shows `shown` seconds from `from` on, within the audio. */
function moveTo(from, shown) {
  view.from = Math.min(Math.max(0, from), Math.max(0, data.duration_s - shown));
  view.to = view.from + Math.max(shown, 0.001);
}

/** Turns the page when an instant has left the view; whether it did. */
function follow(seconds) {
  if (seconds >= view.from && seconds <= view.to) return false;
  const shown = view.to - view.from;
  moveTo(seconds - shown * 0.05, shown);
  return true;
}

/** Round steps between the marks of the time axis, at least `distance` pixels apart. */
function timeMarks(width, distance = 90) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  const least = ((view.to - view.from) * distance) / width;
  const step = steps.find((candidate) => candidate >= least) || Math.ceil(least / 3600) * 3600;
  const marks = [];
  for (let i = Math.ceil(view.from / step); i * step <= view.to + 1e-9; i++) marks.push(i * step);
  return { marks, decimals: step < 0.1 ? 2 : step < 1 ? 1 : 0 };
}
