// Pixels of a plane: images in grey, the wash of a dose over them.

const BARE = 256; // no colour of a wash

/** What pixels are composed with, kept while that is the same; one for each pane. */
class Composer {
  /** Greys of all pixels, of another image mixed in by its share; NaN is black. */
  greys(count, image, other) {
    if (this.shades?.length !== count) this.shades = new Uint8Array(count);
    if (image) shade(this.shades, image, 1);
    else this.shades.fill(0);
    if (other) shade(this.shades, other, other.share);
    return this.shades;
  }

  /** Pixels of each grey under each colour of a wash, and after those the bare greys. */
  colors({ palette, opacity } = {}) {
    if (this.table && palette === this.palette && opacity === this.opacity) return this.table;
    Object.assign(this, { palette, opacity });
    this.table = new Uint32Array(257 * 256);
    for (let at = 0; at < this.table.length; at++) {
      const [color, grey] = [at >> 8, at & 255];
      const mixed = (band) =>
        color < BARE && palette ? grey + opacity * (palette[3 * color + band] - grey) + 0.5 : grey;
      this.table[at] = 0xff000000 | (mixed(2) << 16) | (mixed(1) << 8) | mixed(0);
    }
    return this.table;
  }

  /**
   * Compose pixels of a canvas: an image in grey, another one over it, the wash of a dose over
   * both. Each has its values at the pixels; NaN is black, and no dose.
   */
  compose(pixels, { image, other, dose }) {
    const greys = this.greys(pixels.length, image, other);
    const table = this.colors(dose ?? undefined);
    if (!dose) {
      for (let at = 0; at < pixels.length; at++) pixels[at] = table[(BARE << 8) | greys[at]];
      return;
    }
    const { values, threshold } = dose;
    const scale = 255 / dose.top;
    for (let at = 0; at < pixels.length; at++) {
      const value = values[at];
      const color = value >= threshold ? Math.min(255, (value * scale + 0.5) | 0) : BARE;
      pixels[at] = table[(color << 8) | greys[at]];
    }
  }
}

function shade(greys, { values, window: [width, level] }, share) {
  const scale = 255 / width;
  const low = level - width / 2;
  for (let at = 0; at < greys.length; at++) {
    const value = (values[at] - low) * scale;
    const grey = value > 0 ? (value < 255 ? value : 255) : 0; // of NaN as well
    greys[at] += share * (grey - greys[at]) + 0.5;
  }
}
