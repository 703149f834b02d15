// The index: its facts, and the player under map and table.

let current = null;

function showHeader() {
  const seconds = data.rows.reduce((sum, row) => sum + row.duration_s, 0);
  const sung = data.rows.reduce((sum, row) => sum + row.sung * row.duration_s, 0);
  byId('name').textContent = plural(data.rows.length, 'file');
  showFacts([['Length', clock(seconds, 0)], ['Sung', seconds > 0 ? percent(sung / seconds) : 'nothing']]);
  byId('made').textContent = `Made by Earmark ${data.version}.`;
  if (data.failures.length === 0) return;
  byId('failures').hidden = false;
  byId('failures-title').textContent = `${plural(data.failures.length, 'file')} could not be analysed`;
  byId('failures-list').append(...data.failures.map(({ path, error }) => element('li', {}, element('b', {}, path), ` ${error}`)));
}

function start(row, scroll) {
  if (row === current) return player.toggle();
  current = row;
  byId('player').hidden = false;
  byId('playing').textContent = row.name;
  byId('playing').href = row.page;
  list.mark(row, scroll);
  map.choose(row);
  player.open(row.audio, row.path, row.duration_s);
  player.play();
}

showHeader();
list.onPlay((row) => start(row, false));
list.onFilter((rows) => map.show(rows));
map.onPlay((row) => start(row, true));
byId('position').addEventListener('input', (event) => player.seek((event.target.value / 1000) * player.state().length));
player.watch(({ position, length, playing }) => {
  list.showState(playing);
  const slider = byId('position');
  slider.value = length > 0 ? (position / length) * 1000 : 0;
  slider.setAttribute('aria-valuetext', `${clock(position)} of ${clock(length)}`);
});
addEventListener('keydown', (event) => {
  if (event.key !== ' ' || typing(event) || !current || event.target.closest('button, a')) return;
  event.preventDefault();
  player.toggle();
});
