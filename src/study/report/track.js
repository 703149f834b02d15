// A file's page: its facts, its lanes with the playhead, and what mouse and keys do.

const lanes = byId('lanes');
const canvases = [];
const overlay = element('canvas', { class: 'overlay' });
let hover = null;

function showHeader() {
  document.title = `${data.name} - Earmark`;
  byId('name').textContent = data.name;
  byId('path').textContent = data.path;
  if (data.home) {
    byId('home').href = data.home;
    byId('home').hidden = false;
  }
  const sung = data.duration_s > 0 ? data.vocal.sung_s / data.duration_s : 0;
  showFacts([
    ['Length', clock(data.duration_s)],
    ['Sample rate', `${data.sample_rate} Hz`],
    ['Sung', data.phrases.length ? `${percent(sung)} in ${plural(data.phrases.length, 'phrase')}` : 'nothing'],
    ['Genre', data.genre.top === 'none' ? 'none heard' : `${data.genre.top} ${percent(Math.max(...data.genre.probability))}`],
    ['Voice net', data.vocal.model],
  ]);
  byId('notices').append(...data.notices.map((notice) => element('li', {}, notice)));
  byId('made').textContent = `Made by Earmark ${data.version}.`;
}

function buildLanes() {
  const stage = element('div', { class: 'stage' });
  const add = (kind, name, draw) => {
    const canvas = element('canvas', { class: kind });
    stage.append(element('span', { class: 'label' }, element('span', {}, name)), canvas);
    canvases.push({ canvas, draw, kind });
  };
  add('waveform', 'audio', drawWaveform);
  if (data.levels) add('levels', 'mel', drawLevels);
  add('vocal', 'vocal', drawVocal);
  if (data.truth) add('truth', 'truth', drawTruth);
  if (readings.length) add('ribbon', 'genre', drawRibbon);
  add('axis', '', drawAxis);
  stage.append(overlay);
  lanes.append(stage);
  lanes.setAttribute('aria-valuemax', data.duration_s.toFixed(2));
}

function drawAll() {
  for (const { canvas, draw } of canvases) {
    const area = sharp(canvas);
    if (area) draw(area);
  }
  drawOverlay();
}

function drawOverlay() {
  const area = sharp(overlay);
  if (!area) return;
  const { pen, width, height } = area;
  const line = (seconds, name, thick) => {
    pen.fillStyle = colour(name);
    pen.fillRect(pixelAt(seconds, width) - thick / 2, 0, thick, height);
  };
  if (hover) line(hover.seconds, 'faint', 1);
  line(player.state().position, 'ink', 2);
}

function showReadout() {
  const seconds = hover ? hover.seconds : player.state().position;
  const phrase = phraseAt(seconds);
  const parts = [clock(seconds, 2)];
  if (curve.length) parts.push(`vocal ${vocalAt(seconds).toFixed(2)}`);
  parts.push(phrase >= 0 ? `phrase ${phrase + 1}` : 'not sung');
  parts.push(...genresAt(seconds).slice(0, 3).filter(([, share]) => share >= 0.05).map(([name, share]) => `${name} ${percent(share)}`));
  const level = hover && hover.lane === 'levels' ? levelAt(seconds, hover.share) : null;
  if (level) parts.push(level.hz >= 1000 ? `${(level.hz / 1000).toFixed(1)} kHz` : `${level.hz} Hz`, `${level.db} dB`);
  byId('readout').textContent = parts.join('   ');
}

function pointed(event) {
  const box = overlay.getBoundingClientRect();
  const x = Math.min(Math.max(0, event.clientX - box.left), box.width);
  const lane = canvases.find(({ canvas }) => {
    const { top, bottom } = canvas.getBoundingClientRect();
    return event.clientY >= top && event.clientY < bottom;
  });
  const laneBox = lane ? lane.canvas.getBoundingClientRect() : box;
  const share = (event.clientY - laneBox.top) / laneBox.height;
  return { seconds: Math.min(timeAt(x, box.width), data.duration_s), lane: lane ? lane.kind : '', share };
}

function point(event) {
  hover = pointed(event);
  if (event.buttons & 1) player.seek(hover.seconds);
  drawOverlay();
  showReadout();
}

function takePointer() {
  lanes.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    lanes.setPointerCapture(event.pointerId);
    player.seek(pointed(event).seconds);
  });
  lanes.addEventListener('pointermove', point);
  lanes.addEventListener('pointerleave', () => {
    hover = null;
    drawOverlay();
    showReadout();
  });
  lanes.addEventListener('wheel', (event) => {
    if (event.ctrlKey || event.metaKey) zoom(Math.exp(event.deltaY * 0.003), pointed(event).seconds);
    else if (event.deltaX) moveTo(view.from + (event.deltaX / overlay.clientWidth) * (view.to - view.from), view.to - view.from);
    else return;
    event.preventDefault();
    drawAll();
  }, { passive: false });
}

function toPhrase(step) {
  const { position } = player.state();
  const starts = data.phrases.map(([start]) => start);
  // A little after its start, "before" means the phrase before this one, as on a CD player.
  const next = step > 0 ? starts.find((start) => start > position + 0.01) : starts.reverse().find((start) => start < position - 0.5);
  if (next !== undefined) seekInView(next);
}

function seekInView(seconds) {
  player.seek(seconds);
  if (follow(player.state().position)) drawAll();
}

function zoomAroundPlayhead(factor) {
  const { position } = player.state();
  follow(position);
  zoom(factor, position);
  drawAll();
}

const showWhole = () => zoomAroundPlayhead(Infinity);

function takeKeys() {
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  addEventListener('keydown', (event) => {
    if (typing(event)) return;
    const { position } = player.state();
    const onLanes = document.activeElement === lanes || document.activeElement === document.body;
    const actions = {
      n: () => toPhrase(1),
      p: () => toPhrase(-1),
      '+': () => zoomAroundPlayhead(0.5),
      '=': () => zoomAroundPlayhead(0.5),
      '-': () => zoomAroundPlayhead(2),
      0: showWhole,
    };
    if (onLanes) {
      actions[' '] = player.toggle;
      actions.Home = () => seekInView(0);
      actions.End = () => seekInView(data.duration_s);
      const move = moves[event.key];
      // Up and down scroll the page unless the lanes have the focus.
      const scrolls = document.activeElement !== lanes && !event.key.endsWith('Left') && !event.key.endsWith('Right');
      if (move && !scrolls) actions[event.key] = () => seekInView(position + move * (event.shiftKey ? 10 : 1));
    }
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  byId('before').addEventListener('click', () => toPhrase(-1));
  byId('after').addEventListener('click', () => toPhrase(1));
  byId('closer').addEventListener('click', () => zoomAroundPlayhead(0.5));
  byId('wider').addEventListener('click', () => zoomAroundPlayhead(2));
  byId('whole').addEventListener('click', showWhole);
}

function followPlayer(phraseRows) {
  player.watch(({ position, playing }) => {
    if (playing && follow(position)) drawAll();
    else drawOverlay();
    lanes.setAttribute('aria-valuenow', position.toFixed(2));
    const phrase = phraseAt(position);
    lanes.setAttribute('aria-valuetext', `${clock(position)}, ${phrase >= 0 ? `phrase ${phrase + 1}` : 'not sung'}`);
    phraseRows.forEach((row, i) => row.classList.toggle('now', i === phrase));
    showReadout();
  });
}

showHeader();
buildLanes();
followPlayer(showTables());
takePointer();
takeKeys();
player.open(data.audio, data.path, data.duration_s);
redraws(lanes, () => {
  tint();
  drawAll();
});
loadLevels().then(() => {
  tint();
  drawAll();
});
