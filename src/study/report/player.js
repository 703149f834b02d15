// Plays the audio beside the page, and says what can be done where it cannot be played.

const player = (() => {
  const audio = byId('audio');
  const watchers = [];
  let position = 0;
  let length = 0;
  let path = '';
  let broken = false;
  let found = null;

  const state = () => ({ position, length, playing: !audio.paused && !broken });
  const tell = () => watchers.forEach((watcher) => watcher(state()));

  /** Takes another file: a link, its path for people, its length in seconds. */
  function open(link, shownPath, seconds) {
    [path, length, position, broken] = [shownPath, seconds, 0, false];
    byId('problem').hidden = true;
    audio.src = link;
    tell();
  }

  function seek(seconds) {
    position = Math.min(Math.max(0, seconds), length);
    if (audio.readyState > 0) audio.currentTime = position;
    tell();
  }

  function play() {
    if (broken) return complain();
    audio.play().catch(() => {
      // A fault of the file is reported by its own event; a play that a newer one replaced is no fault.
      tell();
    });
  }

  const toggle = () => (audio.paused ? play() : audio.pause());

  function complain() {
    broken = true;
    const problem = byId('problem');
    byId('problem-text').textContent = `This browser cannot play ${path}. Either the file is no longer where it was, `
      + 'as seen from this page, or the browser does not know its format (AIFF and CAF are among those). '
      + 'The pictures and numbers on this page are complete without it.';
    problem.hidden = false;
    tell();
  }

  function frame() {
    position = audio.currentTime;
    tell();
    if (!audio.paused) requestAnimationFrame(frame);
  }

  audio.addEventListener('loadedmetadata', () => { if (position > 0) audio.currentTime = position; });
  audio.addEventListener('play', () => requestAnimationFrame(frame));
  audio.addEventListener('pause', tell);
  audio.addEventListener('error', complain);
  byId('play').addEventListener('click', toggle);
  byId('find').addEventListener('change', (event) => {
    const [file] = event.target.files;
    if (!file) return;
    if (found) URL.revokeObjectURL(found);
    found = URL.createObjectURL(file);
    open(found, file.name, length);
    play();
  });
  watchers.push(({ position: at, length: all, playing }) => {
    byId('play').textContent = playing ? 'Pause' : 'Play';
    byId('clock').textContent = `${clock(at)} / ${clock(all)}`;
  });

  return { open, seek, play, toggle, state, watch: (watcher) => watchers.push(watcher) };
})();
