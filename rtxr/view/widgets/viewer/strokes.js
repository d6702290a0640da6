// Lines as pixels on a transparent sheet: for many short ones several times as quick as a browser.

class Strokes {
  constructor(wide, high) {
    this.image = new ImageData(wide, high);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.covered = new Uint8Array(wide * high); // of each pixel by the lines that are being drawn
    this.touched = new Uint32Array(wide * high);
    this.count = 0; // of those that are touched
    this.run = 0; // px since the first dash, which go on from line to line
  }

  /** Begin anew; `place` has x and y of the pixel of (0, 0), and px per mm as scaleX and scaleY. */
  clear(place) {
    this.pixels.fill(0);
    this.place = place;
  }

  /** Add lines through some points (across, up), from one number of a point to another. */
  add(points, first, end, width, dashes) {
    const { x, y, scaleX, scaleY } = this.place;
    let x0 = x + scaleX * points[2 * first];
    let y0 = y + scaleY * points[2 * first + 1];
    for (let at = first + 1; at < end; at++) {
      const x1 = x + scaleX * points[2 * at];
      const y1 = y + scaleY * points[2 * at + 1];
      this.cover(x0, y0, x1, y1, width / 2, dashes);
      x0 = x1;
      y0 = y1;
    }
  }

  /** Cover pixels by a line with round ends: as far as their centres are within its width. */
  cover(x0, y0, x1, y1, half, dashes) {
    const { covered, touched } = this;
    const { width: wide, height: high } = this.image;
    const dx = x1 - x0;
    const dy = y1 - y0;
    const length = Math.sqrt(dx * dx + dy * dy);
    const scale = length ? 1 / (length * length) : 0;
    const reach = half + 0.5;
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
        const share = Math.min(Math.max((x * dx + y * dy) * scale, 0), 1);
        if (dashes && (this.run + share * length) % dashes[1] >= dashes[0]) continue;
        const offX = x - share * dx;
        const offY = y - share * dy;
        const inside = reach - Math.sqrt(offX * offX + offY * offY);
        const now = inside < 1 ? (255 * inside) | 0 : 255;
        // Where lines meet, a pixel is as covered as by that which covers most of it.
        const at = row * wide + column;
        const before = covered[at];
        if (now <= before) continue;
        if (!before) touched[this.count++] = at;
        covered[at] = now;
      }
    }
    this.run += length;
  }

  /** Put a colour (red, green, blue, opacity to 1) over what the added lines cover; forget them. */
  paint([red, green, blue, opacity = 1]) {
    const { pixels, covered, touched } = this;
    for (let number = 0; number < this.count; number++) {
      const at = touched[number];
      const over = (covered[at] * opacity) / 255;
      covered[at] = 0;
      const under = ((pixels[at] >>> 24) / 255) * (1 - over);
      const all = over + under;
      const share = over / all;
      pixels[at] =
        ((255 * all + 0.5) << 24) |
        (mixed(pixels[at] >>> 16, blue, share) << 16) |
        (mixed(pixels[at] >>> 8, green, share) << 8) |
        mixed(pixels[at], red, share);
    }
    this.count = this.run = 0;
  }
}

const mixed = (below, over, share) => ((below & 255) + share * (over - (below & 255)) + 0.5) | 0;

/** A colour "#rrggbb" as numbers. */
const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
