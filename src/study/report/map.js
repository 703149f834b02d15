// The map: a point per file. It shows what the filters let through, and leaves the rest as faint dots.

const map = (() => {
  const plane = byId('map');
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const RADIUS = 5;
  const MARGIN = 16;
  /** How near a click must be, in pixels. */
  const REACH = 14;
  let shown = new Set(data.rows);
  let chosen = null;
  let near = null;
  let watcher = () => {};
  plane.append(canvas);

  function at(row, width, height) {
    // Each axis takes the room there is; distances are true where the plane is square.
    return [width / 2 + row.place[0] * (width / 2 - MARGIN), height / 2 - row.place[1] * (height / 2 - MARGIN)];
  }

  function draw() {
    const area = sharp(canvas);
    if (!area) return;
    const { pen, width, height } = area;
    pen.lineWidth = 1;
    const placed = data.rows.filter((row) => row.place);
    pen.fillStyle = colour('line');
    for (const row of placed.filter((row) => !shown.has(row))) {
      const [x, y] = at(row, width, height);
      pen.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
    const colours = new Map();
    pen.strokeStyle = colour('outline');
    for (const row of placed.filter((row) => shown.has(row))) {
      if (!colours.has(row.genre)) colours.set(row.genre, genreColour(row.genre));
      pen.fillStyle = colours.get(row.genre);
      drawMark(pen, row.genre, ...at(row, width, height), RADIUS);
    }
    for (const [row, size, thick] of [[chosen, RADIUS + 5, 2], [near, RADIUS + 4, 1.5]]) {
      if (!row || !row.place) continue;
      const [x, y] = at(row, width, height);
      pen.strokeStyle = colour('ink');
      pen.lineWidth = thick;
      pen.beginPath();
      pen.arc(x, y, size, 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  function nearest(x, y, reach) {
    let best = null;
    let least = reach;
    for (const row of shown) {
      if (!row.place) continue;
      const [px, py] = at(row, canvas.clientWidth, canvas.clientHeight);
      const distance = Math.hypot(px - x, py - y);
      if (distance <= least) [best, least] = [row, distance];
    }
    return best;
  }

  function look(row) {
    if (row === near) return;
    near = row;
    say(near || chosen);
    draw();
  }

  function say(row) {
    byId('map-text').replaceChildren(...(row ? [mark(row.genre), element('b', {}, row.name), ` ${about(row)}`] : []));
  }

  const about = (row) => [`${clock(row.duration_s, 0)}, ${percent(row.sung)} sung`, row.genre === 'none' ? 'no genre' : `${row.genre} ${percent(row.probability)}`,
    ...row.tags.slice(0, 3).map(([name]) => name)].join(', ');

  /** The point in the direction of an arrow that is closest, with a preference for straight ahead. */
  function step(dx, dy) {
    const from = near || chosen;
    if (!from || !from.place || !shown.has(from)) return nearest(canvas.clientWidth / 2, canvas.clientHeight / 2, Infinity);
    const [x, y] = at(from, canvas.clientWidth, canvas.clientHeight);
    let best = from;
    let least = Infinity;
    for (const row of shown) {
      if (!row.place || row === from) continue;
      const [px, py] = at(row, canvas.clientWidth, canvas.clientHeight);
      const ahead = (px - x) * dx + (py - y) * dy;
      const aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
      if (ahead > 0 && ahead + 2 * aside < least) [best, least] = [row, ahead + 2 * aside];
    }
    return best;
  }

  plane.addEventListener('pointermove', (event) => look(nearest(event.offsetX, event.offsetY, REACH)));
  plane.addEventListener('pointerleave', () => look(null));
  plane.addEventListener('click', (event) => {
    const row = nearest(event.offsetX, event.offsetY, REACH);
    if (row) watcher(row);
  });
  plane.addEventListener('keydown', (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (moves[event.key]) look(step(...moves[event.key]));
    else if (event.key === 'Enter' && near) watcher(near);
    else return;
    event.preventDefault();
  });
  redraws(plane, draw);

  return {
    choose(row) {
      chosen = row;
      say(row);
      draw();
    },
    show(rows) {
      shown = new Set(rows);
      draw();
    },
    onPlay(then) { watcher = then; },
  };
})();
