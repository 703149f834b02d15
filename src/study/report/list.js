// The table of files: sorted by any column, filtered by words and genres. Rows are made once, when they are first
// shown, and at most so many are in the page at a time; so sorting and filtering thousands is a matter of moving them.

const list = (() => {
  const BATCH = 200;
  const table = byId('files');
  const body = element('tbody');
  const genres = new Set();
  const made = new Map();
  let sorted = { column: null, down: false };
  let matching = data.rows;
  let limit = BATCH;
  let onPlay = () => {};
  let onFilter = () => {};
  let playing = null;

  const words = (row) => row.tags.map(([name]) => name).join(', ');

  const COLUMNS = [
    { name: 'File', value: (row) => row.name },
    { name: 'Length', value: (row) => row.duration_s, down: true },
    { name: 'Sung', value: (row) => row.sung, down: true },
    { name: 'Genre', value: (row) => row.genre },
    { name: 'Tags', value: (row) => words(row) },
  ];

  for (const row of data.rows) {
    row.words = [row.name, row.path, row.genre, words(row)].join('\n').toLowerCase();
  }

  function build(row) {
    const play = element('button', { type: 'button', class: 'small' });
    setPlay(play, row, false);
    play.addEventListener('click', () => onPlay(row));
    const genre = row.genre === 'none' ? [mark('none'), 'none'] : [mark(row.genre), row.genre, element('span', { class: 'faint number' }, ` ${percent(row.probability)}`)];
    return element('tr', {},
      element('td', {}, play),
      element('td', { class: 'file' }, element('a', { href: row.page, title: row.path }, row.name)),
      element('td', { class: 'number' }, clock(row.duration_s, 0)),
      element('td', { class: 'sung' }, sketch(row), element('span', { class: 'number' }, percent(row.sung))),
      element('td', { class: 'genre' }, ...genre),
      element('td', { class: 'tags faint', title: words(row) }, words(row)));
  }

  function setPlay(button, row, isPlaying) {
    const [sign, does] = isPlaying ? ['\u275A\u275A', 'Pause'] : ['\u25B6', 'Play'];
    if (button.textContent === sign) return;
    button.textContent = sign;
    button.setAttribute('aria-label', `${does} ${row.name}`);
  }

  /** Where in the file someone sings, small. */
  function sketch(row) {
    const values = unpack(row.sketch);
    const svg = (name, attributes) => {
      const node = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      return node;
    };
    const picture = svg('svg', { class: 'sketch', viewBox: `0 0 ${Math.max(1, values.length)} 16`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    const steps = [...values].map((value, i) => `L${i} ${(16 - 15 * value).toFixed(1)}H${i + 1}`);
    picture.append(svg('path', { d: `M0 16${steps.join('')}V16Z` }));
    return picture;
  }

  function rowOf(row) {
    if (!made.has(row)) made.set(row, build(row));
    return made.get(row);
  }

  function show() {
    body.replaceChildren(...matching.slice(0, limit).map(rowOf));
    const left = matching.length - limit;
    byId('more').hidden = left <= 0;
    byId('more').textContent = `Show ${Math.min(left, BATCH)} more of ${left.toLocaleString('en')}`;
    byId('count').textContent = matching.length === data.rows.length
      ? plural(data.rows.length, 'file') : `${matching.length.toLocaleString('en')} of ${plural(data.rows.length, 'file')}`;
  }

  function filter() {
    const words = byId('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
    matching = data.rows.filter((row) => (genres.size === 0 || genres.has(row.genre)) && words.every((word) => row.words.includes(word)));
    limit = BATCH;
    sort();
    onFilter(matching);
  }

  function sort() {
    const { column, down } = sorted;
    if (column) {
      const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;
      const sign = down ? -1 : 1;
      const by = ({ value }) => (a, b) => (typeof value(a) === 'number' ? value(a) - value(b) : order(value(a), value(b)));
      matching = [...matching].sort((a, b) => sign * by(column)(a, b));
    }
    show();
  }

  function buildHead() {
    const cells = COLUMNS.map((column) => {
      const button = element('button', { type: 'button' }, column.name);
      const cell = element('th', { scope: 'col', 'aria-sort': 'none' }, button);
      button.addEventListener('click', () => {
        sorted = { column, down: sorted.column === column ? !sorted.down : Boolean(column.down) };
        cells.forEach((other) => other.setAttribute('aria-sort', 'none'));
        cell.setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
        sort();
      });
      return cell;
    });
    const play = element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'Play'));
    table.append(element('thead', {}, element('tr', {}, play, ...cells)), body);
  }

  function buildLegend() {
    const counts = new Map();
    data.rows.forEach(({ genre }) => counts.set(genre, (counts.get(genre) || 0) + 1));
    const present = [...data.classes, 'none'].filter((genre) => counts.has(genre));
    byId('legend').append(...present.map((genre) => {
      const button = element('button', { type: 'button', 'aria-pressed': 'false' }, mark(genre), genre, element('span', { class: 'faint' }, ` ${counts.get(genre)}`));
      button.addEventListener('click', () => {
        if (!genres.delete(genre)) genres.add(genre);
        button.setAttribute('aria-pressed', String(genres.has(genre)));
        filter();
      });
      return button;
    }));
  }

  buildHead();
  buildLegend();
  byId('filter').addEventListener('input', filter);
  byId('more').addEventListener('click', () => {
    limit += BATCH;
    show();
  });
  copies(byId('copy-files'), () => [['file', 'length_s', 'sung', 'phrases', 'genre', 'probability', 'tags'],
    ...matching.map((row) => [row.path, row.duration_s, row.sung, row.phrases, row.genre, row.probability, words(row)])]);
  show();

  return {
    onPlay(then) { onPlay = then; },
    onFilter(then) { onFilter = then; },
    /** Marks the file that plays, and scrolls to it unless it is filtered out. */
    mark(row, scroll) {
      if (playing) {
        rowOf(playing).classList.remove('now');
        setPlay(rowOf(playing).querySelector('button'), playing, false);
      }
      playing = row;
      const place = matching.indexOf(row);
      if (place >= limit) {
        limit = place + BATCH;
        show();
      }
      rowOf(row).classList.add('now');
      if (scroll && place >= 0) rowOf(row).scrollIntoView({ block: 'nearest' });
    },
    /** Says on the row whether its file plays just now. */
    showState(isPlaying) {
      if (playing) setPlay(rowOf(playing).querySelector('button'), playing, isPlaying);
    },
  };
})();
