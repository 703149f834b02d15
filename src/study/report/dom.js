// What every part of a page uses. Text goes into the page as text: nothing here takes markup.

const byId = (id) => document.getElementById(id);

const data = JSON.parse(byId('data').textContent);

/** A new element with attributes and children; strings become text. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** `1:02:03.4`, with that many decimals; rounded before it is split, so that 59.96 s is 1:00.0. */
function clock(seconds, decimals = 1) {
  const scale = 10 ** decimals;
  const units = Math.round(Math.max(0, seconds) * scale);
  const whole = Math.floor(units / scale);
  const two = (number) => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  const tail = decimals > 0 ? `.${String(units % scale).padStart(decimals, '0')}` : '';
  return `${head}:${two(whole % 60)}${tail}`;
}

const percent = (share) => `${Math.round(share * 100)} %`;

const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

/** Names and values, side by side. */
function showFacts(facts) {
  byId('facts').append(...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

/** Bytes of a packed series, each as 0 to 1. */
function unpack(packed) {
  const text = atob(packed);
  const values = new Float32Array(text.length);
  for (let i = 0; i < text.length; i++) values[i] = text.charCodeAt(i) / 255;
  return values;
}

/** A small horizontal bar. Its width is set by the script, since the page's policy forbids style attributes. */
function bar(share) {
  const made = element('span', { class: 'meter', 'aria-hidden': 'true' }, element('span'));
  made.firstChild.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
  return made;
}

/** Rows as tab-separated text; a tab or a line end inside a name becomes a space. */
const tsv = (rows) => rows.map((row) => row.map((cell) => String(cell).replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n') + '\n';

/** Makes a button copy what `rows` gives, and say so. */
function copies(button, rows) {
  const label = button.textContent;
  button.setAttribute('aria-label', `${label} as tab-separated text`);
  button.addEventListener('click', async () => {
    const done = await copyText(tsv(rows()));
    button.textContent = done ? 'Copied' : 'Not copied';
    byId('said').textContent = done ? 'Copied as tab-separated text' : 'The browser did not allow copying';
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Some browsers give pages from the disk no clipboard, but still copy a selection.
    const area = element('textarea', { class: 'unseen' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

/** A colour of the style, as it is now. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Calls `draw` whenever the page turns dark, light, or to paper, and when `target` changes its size. */
function redraws(target, draw) {
  new ResizeObserver(draw).observe(target);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  const paper = (printed) => () => {
    document.documentElement.toggleAttribute('data-paper', printed);
    draw();
  };
  addEventListener('beforeprint', paper(true));
  addEventListener('afterprint', paper(false));
}

/** A canvas as sharp as the screen, cleared, with coordinates in CSS pixels; `null` where it has no size. */
function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return null;
  const scale = Math.max(1, devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  return { pen, width, height };
}

/** Whether a key belongs to the element that has the focus, and not to the page. */
const typing = (event) => event.altKey || event.ctrlKey || event.metaKey
  || event.target.closest('input, textarea, select, summary') !== null;
