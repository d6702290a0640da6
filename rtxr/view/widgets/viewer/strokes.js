// Lines as pixels on a transparent sheet: for many short ones several times as quick as a browser.

const RIM = 0.5; // opacity of what is dark around a line, which stands out from its like so
const WIDER = 0.75; // px that it reaches beyond the line

class Strokes {
  constructor(wide, high) {
    this.image = new ImageData(wide, high);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.near = new Uint8Array(wide * high); // of each pixel, to the nearest of the lines added
    this.style = new Uint16Array(wide * high); // of that line
    this.touched = new Uint32Array(wide * high);
    this.count = 0; // of those that are touched
    this.run = 0; // px since the first dash, which go on from line to line
  }

  /** Begin anew; `place` has x and y of the pixel of (0, 0), and px per mm as scaleX and scaleY. */
  clear(place) {
    this.pixels.fill(0);
    this.place = place;
  }

  /** Lines that are added until they are painted: their width, and px with and up to dashes. */
  begin(width, ratio, dashes) {
    this.half = (ratio * width) / 2;
    this.reach = this.half + ratio * WIDER + 0.5;
    this.dashes = dashes?.map((each) => ratio * each);
  }

  /** Add a line through some points (across, up), from one number of a point to another. */
  add(points, first, end, style) {
    const { x, y, scaleX, scaleY } = this.place;
    let x0 = x + scaleX * points[2 * first];
    let y0 = y + scaleY * points[2 * first + 1];
    for (let at = first + 1; at < end; at++) {
      const x1 = x + scaleX * points[2 * at];
      const y1 = y + scaleY * points[2 * at + 1];
      this.side(x0, y0, x1, y1, style);
      x0 = x1;
      y0 = y1;
    }
  }

  /** Note how near to a side each pixel is: of several, the nearest counts, the last one on top. */
  side(x0, y0, x1, y1, style) {
    const { near, touched, reach, dashes, style: styles } = this;
    const steps = STEPS / reach;
    const { width: wide, height: high } = this.image;
    const dx = x1 - x0;
    const dy = y1 - y0;
    const length = Math.sqrt(dx * dx + dy * dy);
    const scale = length ? 1 / (length * length) : 0;
    const slant = dy ? dx / dy : 0;
    const spread = dy ? (reach * length) / Math.abs(dy) : Infinity; // along a row
    const from = Math.max(0, Math.ceil(Math.min(y0, y1) - reach - 0.5));
    const to = Math.min(high - 1, Math.floor(Math.max(y0, y1) + reach - 0.5));
    for (let row = from; row <= to; row++) {
      const y = row + 0.5 - y0;
      const middle = x0 + y * slant;
      const left = Math.max(0, Math.min(x0, x1) - reach, middle - spread);
      const right = Math.min(wide, Math.max(x0, x1) + reach, middle + spread);
      const last = Math.floor(right - 0.5);
      for (let column = Math.ceil(left - 0.5); column <= last; column++) {
        const x = column + 0.5 - x0;
        const along = (x * dx + y * dy) * scale;
        const share = along > 0 ? (along < 1 ? along : 1) : 0;
        if (dashes && (this.run + share * length) % dashes[1] >= dashes[0]) continue;
        const offX = x - share * dx;
        const offY = y - share * dy;
        const now = (STEPS - steps * Math.sqrt(offX * offX + offY * offY)) | 0;
        const at = row * wide + column;
        const before = near[at];
        if (now <= 0 || now < before) continue;
        if (!before) touched[this.count++] = at;
        near[at] = now;
        styles[at] = style;
      }
    }
    this.run += length;
  }

  /** Put the lines over what is there, each in the colour of its style, and forget them. */
  paint(colors) {
    const { pixels, near, touched, reach, half } = this;
    for (let number = 0; number < this.count; number++) {
      const at = touched[number];
      const inside = (near[at] * reach) / STEPS; // px from where the dark around it ends
      const over = Math.min(Math.max(inside + half + 0.5 - reach, 0), 1);
      const dark = RIM * Math.min(inside, 1);
      const under = (pixels[at] >>> 24) / 255;
      const rest = under * (1 - dark) * (1 - over);
      const all = over + dark * (1 - over) + rest;
      const [red, green, blue] = colors[this.style[at]];
      const [share, below] = [over / all, rest / all];
      const mixed = (band, value) => (share * value + below * ((pixels[at] >>> band) & 255) + 0.5) << band;
      pixels[at] = ((255 * all + 0.5) << 24) | mixed(16, blue) | mixed(8, green) | mixed(0, red);
      near[at] = 0;
    }
    this.count = this.run = 0;
  }
}

const STEPS = 255; // of what is near

/** A colour "#rrggbb" as numbers. */
const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
