// The lanes, one above the other on one time axis: each is a canvas that its own function draws.

const curve = unpack(data.vocal.packed);
const peaks = unpack(data.waveform.packed);
const readings = unpack(data.genre.packed);
const CLASSES = data.genre.classes.length;

/** The highest of the values whose columns begin at `first` and last `step` seconds, between two instants. */
function highest(values, first, step, from, to) {
  const start = Math.max(0, Math.floor((from - first) / step));
  const end = Math.min(values.length, Math.max(start + 1, Math.ceil((to - first) / step)));
  let most = -1;
  for (let i = start; i < end; i++) most = Math.max(most, values[i]);
  return most;
}

/** Vocal probability at an instant. Frames speak of their middle. */
const vocalAt = (seconds) => curve[Math.min(curve.length - 1, Math.max(0, Math.round((seconds - data.vocal.first_s) / data.vocal.period_s)))];

/** The phrase that an instant lies in, as its position, or -1. */
const phraseAt = (seconds) => data.phrases.findIndex(([start, end]) => start <= seconds && seconds < end);

/** Genres of the reading that covers an instant, likeliest first; none where nothing is said. */
function genresAt(seconds) {
  const last = readings.length / CLASSES - 1;
  if (last < 0) return [];
  const from = Math.min(last, Math.max(0, Math.floor(seconds / data.genre.period_s))) * CLASSES;
  return data.genre.classes.map((name, i) => [name, readings[from + i]])
    .filter(([, probability]) => probability > 0).sort((a, b) => b[1] - a[1]);
}

function drawWaveform({ pen, width, height }) {
  const [voice, music] = [colour('voice'), colour('music')];
  for (let x = 0; x < width; x++) {
    const [from, to] = [timeAt(x, width), timeAt(x + 1, width)];
    const peak = highest(peaks, 0, data.waveform.column_s, from, to);
    if (peak < 0) continue;
    pen.fillStyle = phraseAt((from + to) / 2) >= 0 ? voice : music;
    const tall = Math.max(1, peak * height * 0.94);
    pen.fillRect(x, (height - tall) / 2, 1, tall);
  }
}

/** The spectrogram's grey levels, in the colours of the page. */
let tinted = null;
let grey = null;

function tint() {
  if (!grey) return;
  const scale = colour('scale').split(',').map((entry) => entry.trim().match(/[0-9a-f]{2}/gi).map((hex) => parseInt(hex, 16)));
  tinted = element('canvas');
  [tinted.width, tinted.height] = [grey.width, grey.height];
  const pen = tinted.getContext('2d');
  const image = new ImageData(new Uint8ClampedArray(grey.data), grey.width, grey.height);
  for (let i = 0; i < image.data.length; i += 4) {
    const place = (image.data[i] / 255) * (scale.length - 1);
    const below = Math.min(scale.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) {
      image.data[i + c] = scale[below][c] + (place - below) * (scale[below + 1][c] - scale[below][c]);
    }
  }
  pen.putImageData(image, 0, 0);
}

async function loadLevels() {
  if (!data.levels) return;
  const picture = new Image();
  picture.src = data.levels.png;
  await picture.decode();
  const canvas = element('canvas');
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  grey = pen.getImageData(0, 0, canvas.width, canvas.height);
}

function drawLevels({ pen, width, height }) {
  if (!tinted) return;
  const { start_s: start, column_s: column, band_hz: bands } = data.levels;
  const left = pixelAt(start, width);
  const right = pixelAt(start + column * tinted.width, width);
  pen.drawImage(tinted, left, 0, right - left, height);
  pen.font = '11px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  for (const [hz, name] of [[200, '200 Hz'], [1000, '1 kHz'], [4000, '4 kHz']]) {
    const band = bands.findIndex((centre) => centre >= hz);
    if (band < 0) continue;
    const y = height * (1 - (band + 0.5) / bands.length);
    pen.fillStyle = colour('plate');
    pen.fillRect(width - 48, y - 8, 48, 16);
    pen.fillStyle = colour('ink');
    pen.textAlign = 'right';
    pen.fillText(name, width - 4, y);
  }
}

/** The band's frequency in Hz and the level in dB below the loudest, at a point of the spectrogram. */
function levelAt(seconds, share) {
  if (!grey) return null;
  const band = Math.min(grey.height - 1, Math.max(0, Math.floor((1 - share) * grey.height)));
  const column = Math.min(grey.width - 1, Math.max(0, Math.floor((seconds - data.levels.start_s) / data.levels.column_s)));
  const level = grey.data[((grey.height - 1 - band) * grey.width + column) * 4] / 255;
  return { hz: data.levels.band_hz[band], db: Math.round((level - 1) * data.levels.range_db) };
}

function drawVocal({ pen, width, height }) {
  const [top, bottom] = [10, height - 1];
  const row = (value) => bottom - value * (bottom - top);
  const [voice, shade] = [colour('voice'), colour('shade')];
  for (const [start, end] of data.phrases) {
    const [left, right] = [pixelAt(start, width), pixelAt(end, width)];
    if (right < 0 || left > width) continue;
    pen.fillStyle = shade;
    pen.fillRect(left, 0, Math.max(1, right - left), height);
    pen.fillStyle = voice;
    pen.fillRect(left, 0, Math.max(1, right - left), 4);
  }
  pen.beginPath();
  let drawn = false;
  for (let x = 0; x <= width; x++) {
    const half = data.vocal.period_s / 2;
    const value = highest(curve, data.vocal.first_s - half, data.vocal.period_s, timeAt(x, width), timeAt(x + 1, width));
    if (value < 0) continue;
    if (drawn) pen.lineTo(x, row(value));
    else pen.moveTo(x, row(value));
    drawn = true;
  }
  pen.strokeStyle = voice;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.strokeStyle = colour('ink');
  pen.lineWidth = 1;
  pen.setLineDash([5, 4]);
  pen.beginPath();
  pen.moveTo(0, Math.round(row(data.vocal.threshold)) + 0.5);
  pen.lineTo(width, Math.round(row(data.vocal.threshold)) + 0.5);
  pen.stroke();
}

function drawTruth({ pen, width, height }) {
  pen.fillStyle = colour('truth');
  for (const [start, end] of data.truth) {
    const left = pixelAt(start, width);
    pen.fillRect(left, 0, Math.max(1, pixelAt(end, width) - left), height);
  }
}

/** Neighbouring readings with the same likeliest genre are one stretch, with its name where that fits. */
function drawRibbon({ pen, width, height }) {
  const stretches = [];
  for (let i = 0; i * CLASSES < readings.length; i++) {
    const start = i * data.genre.period_s;
    const [best] = genresAt(start);
    const name = best ? best[0] : null;
    const end = Math.min(data.duration_s, start + data.genre.period_s);
    const last = stretches[stretches.length - 1];
    if (last && last.name === name) last.end = end;
    else stretches.push({ name, start, end });
  }
  pen.font = '13px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  for (const { name, start, end } of stretches) {
    const [left, right] = [Math.max(0, pixelAt(start, width)), Math.min(width, pixelAt(end, width))];
    if (!name || right <= left) continue;
    pen.fillStyle = genreColour(name);
    pen.fillRect(left, 0, right - left, height);
    if (genreShape(name) === 'square') hatch(pen, left, right, height);
    const room = pen.measureText(name).width + 12;
    if (room + 8 > right - left) continue;
    pen.fillStyle = colour('plate');
    pen.fillRect(left + 6, height / 2 - 10, room, 20);
    pen.fillStyle = colour('ink');
    pen.textAlign = 'left';
    pen.fillText(name, left + 12, height / 2);
  }
}

/** Two genres share a colour; the one with the square mark is hatched. */
function hatch(pen, left, right, height) {
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, right - left, height);
  pen.clip();
  pen.strokeStyle = colour('plate');
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = Math.floor((left - height) / 9) * 9; x < right; x += 9) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
}

function drawAxis({ pen, width }) {
  const { marks, decimals } = timeMarks(width);
  pen.font = '12px system-ui, sans-serif';
  pen.textBaseline = 'top';
  for (const seconds of marks) {
    const x = pixelAt(seconds, width);
    pen.fillStyle = colour('line');
    pen.fillRect(Math.round(x), 0, 1, 5);
    pen.fillStyle = colour('faint');
    pen.textAlign = x < 20 ? 'left' : x > width - 24 ? 'right' : 'center';
    pen.fillText(clock(seconds, decimals), x, 7);
  }
}
