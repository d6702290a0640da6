// Values on planes: decoded from what Python sends, looked up, and composed into pixels.

const KINDS = { i2: Int16Array, u2: Uint16Array, f4: Float32Array, f8: Float64Array, u4: Uint32Array };
const OUTER = 0.01; // mm that rounding may move a place beyond the outermost centres of a dose

/** Numbers of a buffer, which need not begin where such numbers have to. */
function numbers(view, kind) {
  const { buffer, byteOffset, byteLength } = view;
  return new KINDS[kind](buffer.slice(byteOffset, byteOffset + byteLength));
}

function decodeLayer(part, buffers) {
  if (!part) return null;
  const [values, across, up] = [part.kind, "f8", "f8"].map((kind, at) =>
    numbers(buffers[part.first + at], kind),
  );
  return { values, across, up, bytes: values.byteLength };
}

/** Both edges of the voxels along an axis. */
function ends(axis) {
  const last = axis.length - 1;
  if (!last) return [axis[0] - 0.5, axis[0] + 0.5];
  return [axis[0] - (axis[1] - axis[0]) / 2, axis[last] + (axis[last] - axis[last - 1]) / 2];
}

/** Number of the last centre at or before a place, at least 0, with the next one after it. */
function before(axis, place) {
  let [low, high] = [0, axis.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis[middle] <= place) low = middle;
    else high = middle;
  }
  return low;
}

function nearest(axis, place) {
  const low = before(axis, place);
  return low + 1 < axis.length && place - axis[low] > axis[low + 1] - place ? low + 1 : low;
}

/**
 * Which voxels each of some pixels lies between, and how far; pixels in [first, end) have any.
 * Places go by `step` from `start`; beyond the outermost centres, up to `rim`, the last one counts.
 */
function lookups(axis, count, start, step, rim, smooth) {
  const found = {
    low: new Int32Array(count),
    high: new Int32Array(count),
    share: new Float64Array(count),
    first: count,
    end: 0,
  };
  const last = axis.length - 1;
  for (let at = 0; at < count; at++) {
    const place = start + step * at;
    if (place < rim[0] || place > rim[1]) continue;
    found.first = Math.min(found.first, at);
    found.end = at + 1;
    const low = before(axis, place);
    const high = Math.min(low + 1, last);
    const width = axis[high] - axis[low];
    const share = width ? Math.min(Math.max((place - axis[low]) / width, 0), 1) : 0;
    found.low[at] = smooth ? low : nearest(axis, place);
    found.high[at] = smooth ? high : found.low[at];
    found.share[at] = smooth ? share : 0;
  }
  return found;
}

/**
 * Values of a layer at the pixels of a pane, bilinear; NaN beyond. `view` has wide, high, start and
 * step of both axes; `rim` says whether the outermost voxels reach beyond their centres.
 */
function sampled(layer, view, { rim, smooth }) {
  const { wide, high } = view;
  const along = (axis, count, at) => {
    const reach = rim ? ends(axis) : [axis[0] - OUTER, axis.at(-1) + OUTER];
    return lookups(axis, count, view.start[at], view.step[at], reach, smooth);
  };
  const [x, y] = [along(layer.across, wide, 0), along(layer.up, high, 1)];
  const found = new Float32Array(wide * high).fill(NaN);
  const { values } = layer;
  const stride = layer.across.length;
  const line = new Float64Array(stride); // the two rows that a row of pixels lies between, as one
  const [from, to] = [Math.min(x.low[x.first], x.low[x.end - 1]), Math.max(x.high[x.first], x.high[x.end - 1])];
  for (let row = y.first; row < y.end; row++) {
    const [one, two] = [y.low[row] * stride, y.high[row] * stride];
    const down = y.share[row];
    for (let at = from; at <= to; at++) {
      const value = values[one + at];
      line[at] = value + down * (values[two + at] - value);
    }
    const start = row * wide;
    for (let column = x.first; column < x.end; column++) {
      const value = line[x.low[column]];
      found[start + column] = value + x.share[column] * (line[x.high[column]] - value);
    }
  }
  return found;
}

/**
 * Compose pixels of a canvas: an image in grey, another one over it, the wash of a dose over both.
 * Each has its values at the pixels; NaN is black, and no dose.
 */
function compose(pixels, { image, other, dose }) {
  // Always arrays of one kind and length, or the loop is slow.
  const none = { window: [1, 0] };
  if (!image || !dose) none.values = new Float32Array(pixels.length).fill(NaN);
  const [first, second] = [image ?? none, other ?? image ?? none];
  const [scale1, scale2] = [255 / first.window[0], 255 / second.window[0]];
  const low1 = first.window[1] - first.window[0] / 2;
  const low2 = second.window[1] - second.window[0] / 2;
  const share = other?.share ?? 0;
  const doses = dose?.values ?? none.values;
  const { palette, opacity = 0, threshold = Infinity, top = 1 } = dose ?? {};
  const scale = 255 / top;
  for (let at = 0; at < pixels.length; at++) {
    let grey = (first.values[at] - low1) * scale1;
    grey = grey > 0 ? (grey < 255 ? grey : 255) : 0; // of NaN as well
    if (share) {
      const over = (second.values[at] - low2) * scale2;
      grey += share * ((over > 0 ? (over < 255 ? over : 255) : 0) - grey);
    }
    const value = doses[at];
    if (value >= threshold) {
      const color = 3 * Math.min(255, (value * scale + 0.5) | 0);
      const rest = grey * (1 - opacity) + 0.5;
      pixels[at] =
        0xff000000 |
        ((rest + opacity * palette[color + 2]) << 16) |
        ((rest + opacity * palette[color + 1]) << 8) |
        (rest + opacity * palette[color]);
    } else {
      const shade = (grey + 0.5) | 0;
      pixels[at] = 0xff000000 | (shade << 16) | (shade << 8) | shade;
    }
  }
}

/** Value of the voxel at a place; undefined beyond the voxels. */
function voxelAt(layer, across, up) {
  const [[left, right], [low, high]] = [ends(layer.across), ends(layer.up)];
  if (across < left || across > right || up < low || up > high) return undefined;
  return layer.values[nearest(layer.up, up) * layer.across.length + nearest(layer.across, across)];
}

/** Value between the voxels at a place; NaN beyond the outermost centres. */
function valueAt(layer, across, up) {
  const view = { wide: 1, high: 1, start: [across, up], step: [0, 0] };
  return sampled(layer, view, { smooth: true })[0];
}
