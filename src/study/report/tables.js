// The tables under the lanes.

function head(...names) {
  return element('thead', {}, element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name))));
}

function showPhrases() {
  const rows = data.phrases.map(([start, end], i) => {
    const go = element('button', { type: 'button', class: 'link number', 'aria-label': `Play from ${clock(start, 2)}` }, clock(start, 2));
    go.addEventListener('click', () => {
      player.seek(start);
      player.play();
    });
    const cell = (text) => element('td', { class: 'number' }, text);
    const length = end - start;
    return element('tr', {}, cell(String(i + 1)), element('td', {}, go), cell(clock(end, 2)), cell(`${length.toFixed(2)} s`));
  });
  const none = element('tr', {}, element('td', { colspan: '4' }, 'Nobody sings.'));
  byId('phrases').append(head('', 'From', 'To', 'Length'), element('tbody', {}, ...(rows.length ? rows : [none])));
  copies(byId('copy-phrases'), () => [['start_s', 'end_s', 'length_s'],
    ...data.phrases.map(([start, end]) => [start, end, (end - start).toFixed(6)])]);
  return rows;
}

function showShares(table, title, measure, shares, marked) {
  const rows = shares.map(([name, share]) => element('tr', {},
    element('td', {}, ...(marked ? [mark(name), name] : [name])),
    element('td', { class: 'number' }, (share * 100).toFixed(1), ' %'),
    element('td', { class: 'meters' }, bar(share))));
  const none = element('tr', {}, element('td', { colspan: '3' }, 'None heard.'));
  table.append(head(title, measure, ''), element('tbody', {}, ...(rows.length ? rows : [none])));
}

function showTables() {
  const genres = data.genre.classes.map((name, i) => [name, data.genre.probability[i]])
    .filter(([, share]) => share > 0).sort((a, b) => b[1] - a[1]);
  showShares(byId('genres'), 'Genre', 'Probability', genres, true);
  copies(byId('copy-genres'), () => [['genre', 'probability'], ...genres]);
  // Probabilities of different nets do not compare; how far each is above its threshold does.
  showShares(byId('tags'), 'Tag', 'Strength', data.tags.map(([name, , strength]) => [name, strength]), false);
  copies(byId('copy-tags'), () => [['tag', 'probability', 'strength'], ...data.tags]);
  return showPhrases();
}
