// Values on planes: decoded from what Python sends, and looked up at pixels.

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
 * Which voxel each of some pixels lies at or after, and how far it is to the next one; pixels in
 * [first, end) have any. Places go by `step` from `start`; beyond the outermost centres, up to
 * `rim`, the last one counts.
 */
function lookups(axis, count, start, step, rim, smooth) {
  const found = { low: new Int32Array(count), share: new Float64Array(count), first: count, end: 0 };
  for (let at = 0; at < count; at++) {
    const place = start + step * at;
    if (place < rim[0] || place > rim[1]) continue;
    if (at < found.first) found.first = at;
    found.end = at + 1;
    const low = smooth ? before(axis, place) : nearest(axis, place);
    const width = smooth && low + 1 < axis.length ? axis[low + 1] - axis[low] : 0;
    found.low[at] = low;
    found.share[at] = width ? Math.min(Math.max((place - axis[low]) / width, 0), 1) : 0;
  }
  return found;
}

/**
 * Values of a layer at the pixels of a pane, bilinear; NaN beyond. `view` has wide, high, start and
 * step of both axes; `rim` says whether the outermost voxels reach beyond their centres.
 */
function sampled(layer, view, { rim, smooth }, found = new Float32Array(view.wide * view.high)) {
  const { wide, high } = view;
  const along = (axis, count, at) => {
    const reach = rim ? ends(axis) : [axis[0] - OUTER, axis.at(-1) + OUTER];
    return lookups(axis, count, view.start[at], view.step[at], reach, smooth);
  };
  const [x, y] = [along(layer.across, wide, 0), along(layer.up, high, 1)];
  const whole = x.first === 0 && x.end === wide && y.first === 0 && y.end === high;
  if (!whole) found.fill(NaN);
  const stride = layer.across.length;
  const line = new Float64Array(stride + 1); // a row of voxels, and the next of the last one
  // Rows at the columns of the pixels: most rows of pixels lie between those of the row before.
  let one = { row: -1, values: new Float64Array(wide) };
  let two = { row: -1, values: new Float64Array(wide) };
  const take = (into, row) => {
    if (into.row === row) return;
    line.set(layer.values.subarray(row * stride, (row + 1) * stride));
    stretch(line, x, into.values);
    into.row = row;
  };
  for (let row = y.first; row < y.end; row++) {
    const low = y.low[row];
    if (one.row !== low) [one, two] = [two, one];
    take(one, low);
    if (y.share[row]) take(two, low + 1);
    const next = y.share[row] ? two : one;
    between(one.values, next.values, y.share[row], x, found, row * wide);
  }
  return found;
}

function stretch(line, { low, share, first, end }, found) {
  for (let column = first; column < end; column++) {
    const value = line[low[column]];
    const part = share[column]; // of nothing a value that is unknown takes nothing
    found[column] = part ? value + part * (line[low[column] + 1] - value) : value;
  }
}

function between(one, two, share, { first, end }, found, start) {
  for (let at = first; at < end; at++) found[start + at] = one[at] + share * (two[at] - one[at]);
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
