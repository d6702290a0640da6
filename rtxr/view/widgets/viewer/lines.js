// Lines on planes: structures as Python sends them, isodoses from the values of a dose.

const OPEN = 0x8000; // added to the number of a ROI: a line that encloses nothing

const NO_LINES = { points: [], starts: [0], roi: [], bytes: 0 };

function decodeLines(part, buffers) {
  if (!part) return null;
  const [points, starts, roi] = ["f4", "u4", "u2"].map((kind, at) =>
    numbers(buffers[part.first + at], kind),
  );
  return { points, starts, roi, bytes: points.byteLength };
}

/** Numbers of the ROIs that a place lies in: an odd number of their lines is on its right. */
function roisAt(lines, across, up) {
  const odd = new Map();
  const { points, starts, roi } = lines;
  for (let line = 0; line < roi.length; line++) {
    if (roi[line] & OPEN) continue;
    for (let at = starts[line]; at + 1 < starts[line + 1]; at++) {
      const [y0, y1] = [points[2 * at + 1], points[2 * at + 3]];
      if (y0 > up === y1 > up) continue;
      const [x0, x1] = [points[2 * at], points[2 * at + 2]];
      if (across < x0 + ((up - y0) / (y1 - y0)) * (x1 - x0))
        odd.set(roi[line], !odd.get(roi[line]));
    }
  }
  return [...odd.keys()].filter((number) => odd.get(number)).sort((a, b) => a - b);
}

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
  const found = [];
  if (level <= least || level > most) return found;
  const stride = across.length;
  for (let row = 0; row + 1 < up.length; row++) {
    let left = 0; // which corners on the left of a cell are above
    for (let at = row * stride, column = -1; column + 1 < stride; at++, column++) {
      const right = (values[at] >= level) | ((values[at + stride] >= level) << 1);
      const kind = (left & 1) | ((right & 1) << 1) | ((right & 2) << 1) | ((left & 2) << 2);
      left = right;
      if (column >= 0 && kind > 0 && kind < 15) cutCell(layer, level, row, column, kind, found);
    }
  }
  return found;
}

function cutCell({ values, across, up }, level, row, column, kind, found) {
  const at = row * across.length + column;
  const below = at + across.length;
  const corners = [values[at], values[at + 1], values[below + 1], values[below]];
  if (corners.some(Number.isNaN)) return;
  for (const cut of CUTS[kind])
    for (const side of cut) {
      const next = (side + 1) & 3;
      const share = (level - corners[side]) / (corners[next] - corners[side]);
      const [x0, x1] = [across[column + AT_X[side]], across[column + AT_X[next]]];
      const [y0, y1] = [up[row + AT_Y[side]], up[row + AT_Y[next]]];
      found.push(x0 + share * (x1 - x0), y0 + share * (y1 - y0));
    }
}
const AT_X = [0, 1, 1, 0]; // of the corners of a cell
const AT_Y = [0, 0, 1, 1];

/** A dose as a person writes it, in Gy: a number, "20 Gy", or "95%" of `full`; NaN for anything. */
function dose(text, full) {
  const found = /^\s*(\d+(?:\.\d*)?|\.\d+)\s*(%|Gy)?\s*$/i.exec(String(text));
  if (!found) return NaN;
  return found[2] === "%" ? (Number(found[1]) * full) / 100 : Number(found[1]);
}
