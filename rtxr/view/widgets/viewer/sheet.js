// The lines of a plane, isodoses and structures, on a transparent sheet: windows change more often.

const DASHES = [5, 9]; // px of the second dataset's lines, and px until the next ones
const CROSS = 6; // px of a mark to each side

/** A canvas that is not seen, of the size of an image. */
function paperOf({ width, height }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.getContext("2d", { willReadFrequently: true });
}

class Sheet {
  constructor(pane, wide, high) {
    this.pane = pane;
    this.strokes = new Strokes(wide, high);
    this.paper = paperOf(this.strokes.image);
  }

  draw() {
    const { pane, strokes } = this;
    const { viewer, picture, twin, ratio } = pane;
    const [x, y] = [pane.toX(0), pane.toY(0)];
    const place = { x, y, scaleX: pane.scaleX, scaleY: pane.scaleY };
    for (const each of Object.keys(place)) place[each] *= ratio;
    strokes.clear(place);
    if (pane.dose && viewer.model.get("isolines")) this.drawIsolines(pane.dose);
    if (viewer.model.get("contours")) {
      if (picture?.lines) this.drawLines(picture.lines, viewer.labels[pane.source]);
      if (twin?.lines) this.drawLines(twin.lines, viewer.labels[1], DASHES);
    }
    this.paper.putImageData(strokes.image, 0, 0);
  }

  drawIsolines(layer) {
    const levels = this.pane.viewer.levels();
    const line = (gray) => layer.isolines?.get(gray) ?? isoline(layer, gray);
    layer.isolines = new Map(levels.map(({ gray }) => [gray, line(gray)])); // no others are kept
    this.strokes.begin(1, this.pane.ratio);
    levels.forEach(({ gray }, style) => {
      const points = layer.isolines.get(gray);
      for (let at = 0; at < points.length / 2; at += 2) this.strokes.add(points, at, at + 2, style);
    });
    this.strokes.paint(levels.map(({ color }) => color));
  }

  /** All lines, and the one that is highlighted over them. */
  drawLines({ points, starts, roi }, labels, dashes) {
    const { shown, colors, model } = this.pane.viewer;
    const highlighted = labels.indexOf(model.get("roi"));
    const bands = labels.map((label) => rgb(colors[label]));
    const seen = labels.map((label) => shown.has(label));
    for (const [which, width] of [[false, 1.5], [true, 3]]) {
      this.strokes.begin(width, this.pane.ratio, dashes);
      for (let line = 0; line < roi.length; line++) {
        const style = roi[line] & ~OPEN;
        if (!seen[style] || which !== (style === highlighted)) continue;
        const [first, end] = [starts[line], starts[line + 1]];
        if (end - first > 1) this.strokes.add(points, first, end, style);
        else this.addCross(points[2 * first], points[2 * first + 1], style);
      }
      this.strokes.paint(bands);
    }
  }

  /** A line of one point. */
  addCross(across, up, style) {
    const { scaleX, scaleY } = this.pane;
    const [dx, dy] = [CROSS / scaleX, CROSS / scaleY];
    this.strokes.add([across - dx, up, across + dx, up], 0, 2, style);
    this.strokes.add([across, up - dy, across, up + dy], 0, 2, style);
  }
}
