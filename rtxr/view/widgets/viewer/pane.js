// One plane on a canvas: pixels composed of image and dose, lines on top, and the pointer on it.

const GRAB = 9; // px around the cross-hair where a drag moves it
const CLICK = 4; // px that a click may wander
const STEEP = 2; // width and level per px, as a part of the width / 300

const ALL = ["pixels", "lines", "marks"]; // what can be out of date

class Pane {
  constructor(viewer, spec, source, parent) {
    this.viewer = viewer;
    this.spec = spec;
    this.source = source;
    this.picture = this.twin = null;
    this.old = new Set(ALL);
    this.composer = new Composer();
    const label = `${spec.title} plane${source ? ", second dataset" : ""}; press ? for keys`;
    const about = { ...OWN_KEYS, tabindex: 0, role: "application", "aria-label": label };
    this.root = node("div", "rtxr-viewer-pane", parent);
    this.canvas = node("canvas", "", this.root, about);
    this.marks = new Marks(spec.letters, this.root);
    this.canvas.dataset.pane = spec.name;
    this.canvas.dataset.source = source;
    this.paper = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.listen();
  }

  // --- where things are -------------------------------------------------------------------------
  /** Take over a size in px; to ask the element for it may have the whole page laid out. */
  fit(wide, high) {
    const ratio = window.devicePixelRatio || 1;
    if (wide === this.wide && high === this.high && ratio === this.ratio) return;
    Object.assign(this, { wide, high, ratio, samples: [] });
    this.age(...ALL);
    this.pixels = wide && high ? new ImageData(wide, high) : null;
    this.sheet = this.scratch = null;
  }

  /** Of the canvas. */
  size = () => [this.wide, this.high].map((each) => Math.round(each * this.ratio));

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
  /** The dose that is shown: of a blend the second dataset's where only that has it. */
  get dose() {
    const { doses } = this.viewer.scene;
    const isOther = doses[this.viewer.model.get("dose")]?.isOther;
    return ((isOther && this.twin) || this.picture)?.dose;
  }

  /** What has to be made anew, of ALL. */
  age(...what) {
    for (const each of what) this.old.add(each);
  }

  get visible() {
    return !this.root.hidden;
  }

  /** Whether there is anything to draw. */
  get due() {
    return this.visible && this.old.size > 0 && Boolean(this.pixels);
  }

  /** Show a picture, and that of the second dataset where they are blended. */
  show(picture, twin) {
    if (picture === this.picture && twin === this.twin) return;
    Object.assign(this, { picture, twin });
    this.age("pixels", "lines");
  }

  draw() {
    this.fit(this.wide, this.high); // of which the ratio may have changed
    const { old } = this;
    this.look();
    if (old.has("pixels")) this.compose();
    if (old.has("lines")) {
      this.sheet ??= new Sheet(this, ...this.size());
      this.sheet.draw();
    }
    if (old.has("pixels") || old.has("lines")) this.blit();
    this.mark();
    old.clear();
  }

  compose() {
    const { wide, high } = this;
    const start = [this.toAcross(0.5), this.toUp(0.5)];
    const view = { wide, high, start, step: [1 / this.scaleX, 1 / this.scaleY] };
    const found = this.viewer.parts(this);
    for (const part of Object.values(found)) if (part) part.values = this.sampled(part, view);
    this.composer.compose(new Uint32Array(this.pixels.data.buffer), found);
  }

  /** Values at the pixels, those of the last time where nothing has moved: windows change often. */
  sampled(part, view) {
    const { layer, smooth } = part;
    const key = JSON.stringify(view);
    let found = this.samples.find(
      (each) => each.layer === layer && each.smooth === smooth && each.key === key,
    );
    if (!found) {
      const spare = this.samples.length > 2 ? this.samples.shift() : {};
      found = { layer, smooth, key, values: sampled(layer, view, part, spare.values) };
    } else this.samples.splice(this.samples.indexOf(found), 1);
    this.samples.push(found); // the newest last
    return found.values;
  }

  blit() {
    const { paper, canvas, pixels } = this;
    const size = this.size();
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    if (this.ratio === 1) paper.putImageData(pixels, 0, 0);
    else {
      this.scratch ??= paperOf(pixels);
      this.scratch.putImageData(pixels, 0, 0);
      paper.drawImage(this.scratch.canvas, 0, 0, ...size);
    }
    paper.drawImage(this.sheet.paper.canvas, 0, 0);
    canvas.dataset.drawn = this.picture?.index ?? "";
  }

  /** Cross-hair and texts. */
  mark() {
    const { viewer, spec } = this;
    const [across, up] = [viewer.place[spec.across], viewer.place[spec.up]];
    this.marks.cross(viewer.model.get("crosshair"), this.toX(across), this.toY(up));
    this.marks.caption(viewer.caption(this));
  }

  // --- pointer ----------------------------------------------------------------------------------
  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => (this.drag = null));
    canvas.addEventListener("pointerleave", () => this.viewer.readout.point(null));
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
    this.viewer.readout.point(this, event.offsetX, event.offsetY);
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
