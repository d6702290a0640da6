// The lines of a plane, isodoses and structures, on a transparent sheet: windows change more often.

const RIM = [0, 0, 0, 0.5]; // lines stand out from their like on a thin dark one
const WIDER = 1.5;
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
    for (const { gray, color } of levels) {
      const points = layer.isolines.get(gray);
      for (const [style, width] of [[RIM, 1 + WIDER], [color, 1]]) {
        for (let at = 0; at < points.length / 2; at += 2) this.add(points, at, at + 2, width);
        this.strokes.paint(style);
      }
    }
  }

  /** All dark rims, all lines, and the one that is highlighted over them. */
  drawLines(lines, labels, dashes) {
    const { shown, colors, model } = this.pane.viewer;
    const highlighted = model.get("roi");
    const color = (label) => rgb(colors[label]);
    const draw = (which, width, style) => {
      const wanted = (label) => shown.has(label) && which === (label === highlighted);
      this.drawRois(lines, labels, wanted, width, style, dashes);
    };
    draw(false, 1.5 + WIDER);
    this.strokes.paint(RIM);
    draw(false, 1.5, color);
    draw(true, 3 + WIDER, () => RIM);
    draw(true, 3, color);
  }

  /** Lines of ROIs that are wanted, those of each painted if there is a style. */
  drawRois({ points, starts, roi }, labels, wanted, width, style, dashes) {
    for (let line = 0; line < roi.length; line++) {
      const label = labels[roi[line] & ~OPEN];
      if (!wanted(label)) continue;
      const [first, end] = [starts[line], starts[line + 1]];
      if (end - first > 1) this.add(points, first, end, width, dashes);
      else this.addCross(points[2 * first], points[2 * first + 1], width);
      if (style && roi[line + 1] !== roi[line]) this.strokes.paint(style(label));
    }
  }

  /** A line of one point. */
  addCross(across, up, width) {
    const { scaleX, scaleY } = this.pane;
    const [dx, dy] = [CROSS / scaleX, CROSS / scaleY];
    this.add([across - dx, up, across + dx, up], 0, 2, width);
    this.add([across, up - dy, across, up + dy], 0, 2, width);
  }

  add(points, first, end, width, dashes) {
    const { ratio } = this.pane;
    this.strokes.add(points, first, end, ratio * width, dashes?.map((each) => ratio * each));
  }
}
