// Lines on planes: structures as Python sends them, isodoses from the values of a dose.

const OPEN = 0x8000; // added to the number of a ROI: a line that encloses nothing

const NO_LINES = { points: [], starts: [0], roi: [], bytes: 0 };

function decodeLines(part, buffers) {
  if (!part) return null;
  const [points, starts, roi] = ["f4", "u4", "u2"].map((kind, at) =>
    numbers(buffers[part.first + at], kind),
  );
  return { ...joined({ points, starts, roi }), bytes: points.byteLength };
}

/** Lines with those of two points joined where they meet: a browser draws long lines quicker. */
function joined(lines) {
  const { points, starts, roi } = lines;
  const next = meeting(lines);
  const found = { points: new Float32Array(points.length), starts: [0], roi: [] };
  const done = new Uint8Array(roi.length);
  let length = 0;
  const add = (point) => {
    found.points[length++] = points[2 * point];
    found.points[length++] = points[2 * point + 1];
  };
  for (let line = 0; line < roi.length; line++) {
    if (done[line]) continue;
    for (let point = starts[line]; point < starts[line + 1]; point++) add(point);
    done[line] = 1;
    if (starts[line + 1] - starts[line] === 2)
      for (let end = next[2 * line + 1]; end >= 0 && !done[end >> 1]; end = next[end ^ 1]) {
        done[end >> 1] = 1;
        add(starts[end >> 1] + 1 - (end & 1));
      }
    found.starts.push(length / 2);
    found.roi.push(roi[line]);
  }
  return { ...found, points: found.points.subarray(0, length) };
}

/**
 * Of each end of a line of two points (twice its number, plus 1 for the second one) an end of
 * another line of the ROI at the same place, each taken once; -1 for none.
 */
function meeting({ points, starts, roi }) {
  const size = 2 ** Math.ceil(Math.log2(4 * roi.length + 1));
  const seen = new Int32Array(size).fill(-1); // ends that none has met yet, by a hash of the place
  const next = new Int32Array(2 * roi.length).fill(-1);
  const bits = new Int32Array(points.buffer);
  for (let end = 0; end < next.length; end++) {
    const line = end >> 1;
    if (starts[line + 1] - starts[line] !== 2) continue;
    const at = 2 * (starts[line] + (end & 1));
    const mixed = Math.imul(bits[at], 73856093) ^ Math.imul(bits[at + 1], 19349663) ^ roi[line];
    let slot = (mixed ^ (mixed >>> 15)) & (size - 1);
    for (; seen[slot] !== -1; slot = (slot + 1) & (size - 1)) {
      const other = seen[slot];
      if (next[other] >= 0 || roi[other >> 1] !== roi[line]) continue;
      const there = 2 * (starts[other >> 1] + (other & 1));
      if (points[there] !== points[at] || points[there + 1] !== points[at + 1]) continue;
      next[other] = end;
      next[end] = other;
      break;
    }
    if (next[end] < 0) seen[slot] = end;
  }
  return next;
}

/** Numbers of the ROIs that a place lies in: an odd number of their lines is on its right. */
function roisAt(lines, across, up) {
  const odd = new Map();
  const { points, starts, roi } = lines;
  for (let line = 0; line < roi.length; line++) {
    if (roi[line] & OPEN) continue;
    for (let at = starts[line]; at + 1 < starts[line + 1]; at++) {
      const [x0, y0, x1, y1] = points.subarray(2 * at, 2 * at + 4);
      if (y0 > up === y1 > up) continue;
      if (across < x0 + ((up - y0) / (y1 - y0)) * (x1 - x0))
        odd.set(roi[line], !odd.get(roi[line]));
    }
  }
  return [...odd.keys()].filter((number) => odd.get(number)).sort((a, b) => a - b);
}

/** Paths on a canvas by ROI; a line of one point is a cross. */
function pathsOf(lines, toX, toY) {
  const paths = new Map();
  const { points, starts, roi } = lines;
  for (let line = 0; line < roi.length; line++) {
    const number = roi[line] & ~OPEN;
    if (!paths.has(number)) paths.set(number, new Path2D());
    const path = paths.get(number);
    const [first, end] = [starts[line], starts[line + 1]];
    let [x, y] = [toX(points[2 * first]), toY(points[2 * first + 1])];
    if (end - first === 1) {
      path.moveTo(x - 6, y);
      path.lineTo(x + 6, y);
      path.moveTo(x, y - 6);
      path.lineTo(x, y + 6);
      continue;
    }
    path.moveTo(x, y);
    for (let at = first + 1; at < end; at++)
      path.lineTo(toX(points[2 * at]), toY(points[2 * at + 1]));
    if (end - first > 2 && closed(points, first, end - 1)) path.closePath();
  }
  return paths;
}

const closed = (points, first, last) =>
  points[2 * first] === points[2 * last] && points[2 * first + 1] === points[2 * last + 1];

/** Sides of a cell (numbers of its corners) between which the isodose of each case runs. */
const CUTS = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

/** Least and most of some values; of NaN neither. */
function rangeOf(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** Segments (x0, y0, x1, y1) where a layer has one value, linear along the sides of its cells. */
function isoline(layer, level) {
  const { values, across, up } = layer;
  const [least, most] = (layer.range ??= rangeOf(values));
  if (level <= least || level > most) return new Float32Array(0);
  const stride = across.length;
  const found = [];
  for (let row = 0; row + 1 < up.length; row++)
    for (let column = 0; column + 1 < stride; column++) {
      const at = row * stride + column;
      const [a, b] = [values[at], values[at + 1]];
      const [c, d] = [values[at + stride + 1], values[at + stride]];
      const kind = (a >= level) | ((b >= level) << 1) | ((c >= level) << 2) | ((d >= level) << 3);
      if (kind === 0 || kind === 15 || Number.isNaN(a + b + c + d)) continue;
      const corners = [a, b, c, d];
      for (const cut of CUTS[kind])
        for (const side of cut) {
          const next = (side + 1) & 3;
          const share = (level - corners[side]) / (corners[next] - corners[side]);
          const [x0, x1] = [across[column + AT_X[side]], across[column + AT_X[next]]];
          const [y0, y1] = [up[row + AT_Y[side]], up[row + AT_Y[next]]];
          found.push(x0 + share * (x1 - x0), y0 + share * (y1 - y0));
        }
    }
  return Float32Array.from(found);
}
const AT_X = [0, 1, 1, 0]; // of the corners of a cell
const AT_Y = [0, 0, 1, 1];

/** A dose as a person writes it, in Gy: a number, "20 Gy", or "95%" of `full`; NaN for anything. */
function dose(text, full) {
  const found = /^\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|Gy)?\s*$/i.exec(String(text));
  if (!found) return NaN;
  return found[2] === "%" ? (Number(found[1]) * full) / 100 : Number(found[1]);
}
