// One plane on a canvas: pixels composed of image and dose, lines on top, and the pointer on it.

const GRAB = 9; // px around the cross-hair where a drag moves it
const CLICK = 4; // px that a click may wander
const PLAIN = "12px system-ui, sans-serif";
const STRONG = "600 13px system-ui, sans-serif";
const RIM = "rgba(0, 0, 0, 0.5)"; // lines stand out from their like on a thin dark one
const WIDER = 1.5;
const STEEP = 2; // width and level per px, as a part of the width / 300

class Pane {
  constructor(viewer, spec, source, parent) {
    this.viewer = viewer;
    this.spec = spec;
    this.source = source;
    this.picture = this.twin = null;
    this.old = new Set(["pixels", "lines"]);
    const label = `${spec.title} plane${source ? ", second dataset" : ""}; press ? for keys`;
    const about = { ...OWN_KEYS, tabindex: 0, role: "application", "aria-label": label };
    this.canvas = node("canvas", "rtxr-viewer-pane", parent, about);
    this.canvas.dataset.pane = spec.name;
    this.canvas.dataset.source = source;
    this.paper = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.listen();
  }

  // --- where things are -------------------------------------------------------------------------
  /** Take over the size of the element; whether that changed. */
  fit() {
    const [wide, high] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (wide === this.wide && high === this.high && ratio === this.ratio) return;
    Object.assign(this, { wide, high, ratio });
    this.age("pixels", "lines");
    this.canvas.width = Math.round(wide * ratio);
    this.canvas.height = Math.round(high * ratio);
  }

  /** Places of pixels: x = wide / 2 + scale * (across - middle), and y likewise. */
  look() {
    const { across, up, flipAcross, flipUp, axes } = this.spec;
    const extent = (own) => ends(axes[own]).reduce((low, high) => high - low);
    const fitting = Math.min(this.wide / extent(across), this.high / extent(up));
    const scale = fitting * this.viewer.model.get("zoom");
    const middle = this.viewer.centre;
    this.scaleX = flipAcross ? -scale : scale;
    this.scaleY = flipUp ? scale : -scale;
    [this.middleX, this.middleY] = [middle[across], middle[up]];
  }

  toX = (across) => this.wide / 2 + this.scaleX * (across - this.middleX);
  toY = (up) => this.high / 2 + this.scaleY * (up - this.middleY);
  toAcross = (x) => this.middleX + (x - this.wide / 2) / this.scaleX;
  toUp = (y) => this.middleY + (y - this.high / 2) / this.scaleY;

  /** Own place of a pixel, on the plane that is wanted. */
  placeOf(x, y) {
    const place = [...this.viewer.place];
    place[this.spec.across] = this.toAcross(x);
    place[this.spec.up] = this.toUp(y);
    return place;
  }

  // --- drawing ----------------------------------------------------------------------------------
  /** What has to be made anew: "pixels", "lines". */
  age(...what) {
    for (const each of what) this.old.add(each);
  }

  /** Show a picture, and that of the second dataset where they are blended. */
  show(picture, twin) {
    if (picture === this.picture && twin === this.twin) return;
    Object.assign(this, { picture, twin });
    this.age("pixels", "lines");
  }

  draw() {
    this.fit();
    if (!this.wide || !this.high) return;
    this.look();
    if (this.old.has("pixels")) this.compose();
    if (this.old.has("lines")) this.drawSheet();
    this.old.clear();
    const { paper, ratio } = this;
    paper.setTransform(1, 0, 0, 1, 0, 0);
    if (ratio === 1) paper.putImageData(this.pixels, 0, 0);
    else {
      this.scratch.getContext("2d").putImageData(this.pixels, 0, 0);
      paper.drawImage(this.scratch, 0, 0, this.canvas.width, this.canvas.height);
    }
    paper.drawImage(this.sheet.canvas, 0, 0);
    paper.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawCrosshair();
    this.drawTexts();
    this.canvas.dataset.drawn = this.picture?.index ?? "";
  }

  compose() {
    const { wide, high, viewer } = this;
    if (this.pixels?.width !== wide || this.pixels?.height !== high) {
      this.pixels = new ImageData(wide, high);
      this.scratch = document.createElement("canvas");
      [this.scratch.width, this.scratch.height] = [wide, high];
    }
    const start = [this.toAcross(0.5), this.toUp(0.5)];
    const view = { wide, high, start, step: [1 / this.scaleX, 1 / this.scaleY] };
    const found = viewer.parts(this);
    for (const part of Object.values(found)) if (part) part.values = this.sampled(part, view);
    compose(new Uint32Array(this.pixels.data.buffer), found);
  }

  /** Values at the pixels, those of the last time where nothing has moved: windows change often. */
  sampled(part, view) {
    const { layer, smooth } = part;
    const key = JSON.stringify(view);
    this.samples = (this.samples ?? []).filter((each) => each.key === key).slice(-3);
    let found = this.samples.find((each) => each.layer === layer && each.smooth === smooth);
    if (!found) {
      found = { layer, smooth, key, values: sampled(layer, view, part) };
      this.samples.push(found);
    }
    return found.values;
  }

  /** Lines on a transparent sheet: windows and the cross-hair change more often than they do. */
  drawSheet() {
    this.sheet ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const { sheet, ratio } = this;
    [sheet.canvas.width, sheet.canvas.height] = [this.canvas.width, this.canvas.height]; // empties it
    sheet.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawIsolines();
    this.drawStructures();
  }

  drawIsolines() {
    const { viewer } = this;
    const layer = this.picture?.dose;
    if (!layer || !viewer.model.get("isolines")) return;
    const levels = viewer.levels();
    const line = (gray) => layer.isolines?.get(gray) ?? isoline(layer, gray);
    layer.isolines = new Map(levels.map(({ gray }) => [gray, line(gray)])); // no others are kept
    for (const { gray, color } of levels) {
      const points = layer.isolines.get(gray);
      const path = new Path2D();
      for (let at = 0; at < points.length; at += 4) {
        path.moveTo(this.toX(points[at]), this.toY(points[at + 1]));
        path.lineTo(this.toX(points[at + 2]), this.toY(points[at + 3]));
      }
      this.stroke(path, RIM, 1 + WIDER, "round");
      this.stroke(path, color, 1, "round");
    }
  }

  drawStructures() {
    const { viewer } = this;
    if (!viewer.model.get("contours")) return;
    this.drawLines(this.picture?.lines, viewer.labels[this.source], []);
    this.drawLines(this.twin?.lines, viewer.labels[1], [5, 4]);
  }

  drawLines(lines, labels, dashes) {
    if (!lines) return;
    const { shown, colors, model } = this.viewer;
    const highlighted = model.get("roi");
    const paths = [...pathsOf(lines, this.toX, this.toY)].map(([at, path]) => [labels[at], path]);
    const seen = paths.filter(([label]) => shown.has(label));
    const others = seen.filter(([label]) => label !== highlighted);
    const rim = new Path2D();
    for (const [, path] of others) rim.addPath(path);
    this.sheet.setLineDash(dashes);
    this.stroke(rim, RIM, 1.5 + WIDER);
    for (const [label, path] of others) this.stroke(path, colors[label], 1.5);
    const [[, path] = []] = seen.filter(([label]) => label === highlighted);
    if (path) {
      this.stroke(path, RIM, 3 + WIDER);
      this.stroke(path, colors[highlighted], 3);
    }
    this.sheet.setLineDash([]);
  }

  /** Of the many sides that a plane across contours shows, round ends and joins would be slow. */
  stroke(path, style, width, ends = "square") {
    const { sheet } = this;
    sheet.strokeStyle = style;
    sheet.lineWidth = width;
    sheet.lineCap = ends;
    sheet.lineJoin = ends === "round" ? "round" : "miter";
    sheet.miterLimit = 2;
    sheet.stroke(path);
  }

  drawCrosshair() {
    const { viewer, paper, spec } = this;
    if (!viewer.model.get("crosshair")) return;
    const x = Math.floor(this.toX(viewer.place[spec.across])) + 0.5;
    const y = Math.floor(this.toY(viewer.place[spec.up])) + 0.5;
    const gap = 7;
    paper.beginPath();
    for (const [from, to] of [[0, x - gap], [x + gap, this.wide]]) {
      paper.moveTo(from, y);
      paper.lineTo(to, y);
    }
    for (const [from, to] of [[0, y - gap], [y + gap, this.high]]) {
      paper.moveTo(x, from);
      paper.lineTo(x, to);
    }
    paper.strokeStyle = "rgba(255, 255, 255, 0.55)";
    paper.lineWidth = 1;
    paper.stroke();
  }

  drawTexts() {
    const { viewer, spec, wide, high } = this;
    const [left, right, low, top] = spec.letters;
    this.paper.font = PLAIN;
    const parts = viewer.caption(this);
    const width = (text) => this.paper.measureText(text).width;
    const room = top === undefined ? wide : wide / 2 - width(top) / 2 - 16;
    while (parts.length > 1 && width(parts.join("  ")) > room) parts.pop();
    this.text(parts.join("  "), 8, 8, "left", "top");
    if (left === undefined) return;
    this.text(left, 8, high / 2, "left", "middle", true);
    this.text(right, wide - 8, high / 2, "right", "middle", true);
    this.text(low, wide / 2, high - 8, "center", "bottom", true);
    this.text(top, wide / 2, 8, "center", "top", true);
  }

  text(told, x, y, align, baseline, strong = false) {
    const { paper } = this;
    paper.font = strong ? STRONG : PLAIN;
    [paper.textAlign, paper.textBaseline] = [align, baseline];
    paper.strokeStyle = "rgba(0, 0, 0, 0.75)";
    paper.lineWidth = 3;
    paper.strokeText(told, x, y);
    paper.fillStyle = strong ? "#fff" : "#e8e8e8";
    paper.fillText(told, x, y);
  }

  // --- pointer ----------------------------------------------------------------------------------
  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => (this.drag = null));
    canvas.addEventListener("pointerleave", () => this.viewer.point(null));
    canvas.addEventListener("click", (event) => this.click(event));
    canvas.addEventListener("dblclick", () => this.doubleClick());
    canvas.addEventListener("focus", () => this.viewer.activate(this.spec.name));
    canvas.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      event.stopPropagation(); // JupyterLab has a menu of its own
    });
  }

  wheel(event) {
    event.preventDefault();
    const turned = event.deltaY || event.deltaX; // with Shift some systems turn sideways
    if (event.ctrlKey || event.shiftKey || event.metaKey) {
      this.viewer.zoomAt(this, Math.exp(-turned / 400), event.offsetX, event.offsetY);
      return;
    }
    this.turned = (this.turned ?? 0) + (event.deltaMode ? turned * 40 : turned);
    const steps = Math.trunc(this.turned / 40);
    this.turned -= 40 * steps;
    if (steps) this.viewer.step(this.spec.name, Math.sign(steps) * Math.ceil(Math.abs(steps) / 3));
  }

  down(event) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture?.(event.pointerId);
    const { place } = this.viewer;
    const [x, y] = [this.toX(place[this.spec.across]), this.toY(place[this.spec.up])];
    const near = Math.hypot(event.offsetX - x, event.offsetY - y) < GRAB;
    const windows = event.button === 2 || (event.button === 0 && event.shiftKey);
    const kind = windows ? "window" : near && event.button === 0 ? "cross" : "pan";
    this.drag = { kind, x: event.offsetX, y: event.offsetY, far: 0 };
    event.preventDefault();
  }

  move(event) {
    this.viewer.point(this, event.offsetX, event.offsetY);
    const { drag } = this;
    if (!drag) return;
    const [dx, dy] = [event.offsetX - drag.x, event.offsetY - drag.y];
    drag.far += Math.abs(dx) + Math.abs(dy);
    [drag.x, drag.y] = [event.offsetX, event.offsetY];
    if (drag.kind === "cross") this.viewer.goTo(this.placeOf(drag.x, drag.y));
    else if (drag.far < CLICK) return;
    else if (drag.kind === "pan") this.viewer.pan(this, dx, dy);
    else this.viewer.rewindow(this.source, (STEEP * dx) / 300, (STEEP * dy) / 300);
  }

  up() {
    this.aimed = this.drag?.kind === "pan" && this.drag.far < CLICK;
    this.drag = null;
  }

  click(event) {
    if (event.detail > 1) return; // the second half of a double one
    this.left = this.viewer.place;
    if (this.aimed) this.viewer.goTo(this.placeOf(event.offsetX, event.offsetY));
  }

  /** Enlarge the plane; the cross-hair goes back to where it was before the first click. */
  doubleClick() {
    if (this.left) this.viewer.goTo(this.left);
    this.left = null;
    this.viewer.enlarge(this.spec.name);
  }
}
