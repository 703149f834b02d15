// Each genre has a colour and a shape. Seven colours, those of Okabe and Ito (2008), are told apart by colour-blind
// eyes too; with two shapes they make fourteen.

const BLUE = 'blue', YELLOW = 'yellow', ORANGE = 'orange', PURPLE = 'purple', SKY = 'sky', GREEN = 'green', RED = 'red';

const GENRE_LOOKS = {
  blues: [BLUE, 'circle'],
  classical: [YELLOW, 'circle'],
  country: [ORANGE, 'circle'],
  disco: [PURPLE, 'circle'],
  electronic: [SKY, 'circle'],
  folk: [GREEN, 'circle'],
  hiphop: [RED, 'circle'],
  jazz: [PURPLE, 'square'],
  metal: [BLUE, 'square'],
  pop: [ORANGE, 'square'],
  reggae: [GREEN, 'square'],
  rnb: [YELLOW, 'square'],
  rock: [RED, 'square'],
  world: [SKY, 'square'],
};

const genreColour = (genre) => colour(GENRE_LOOKS[genre] ? `genre-${GENRE_LOOKS[genre][0]}` : 'faint');

const genreShape = (genre) => (GENRE_LOOKS[genre] ? GENRE_LOOKS[genre][1] : 'cross');

/** Draws a genre's mark around a point. */
function drawMark(pen, genre, x, y, size) {
  pen.beginPath();
  const shape = genreShape(genre);
  if (shape === 'circle') pen.arc(x, y, size, 0, 2 * Math.PI);
  else if (shape === 'square') pen.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else {
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x + size, y - size);
    pen.lineTo(x - size, y + size);
  }
  pen.fill();
  pen.stroke();
}

/** The same mark as an element beside the genre's name. */
function mark(genre) {
  const look = GENRE_LOOKS[genre];
  return element('span', { class: look ? `mark ${look[0]} ${look[1]}` : 'mark none', 'aria-hidden': 'true' });
}
