// The viewer on a page: planes of one or two datasets, their state, and what is under the pointer.

const SAVE_MS = 150; // that traits are collected before Python hears of them
/** What has to be made anew when a trait changes. */
const AGED = {
  pixels: ["window", "other_window", "wash", "opacity", "threshold", "smooth", "blend", "zoom", "_palette", "prescription"],
  lines: ["rois", "colors", "roi", "contours", "isolines", "isodoses", "zoom", "_palette", "prescription"],
  marks: ["crosshair", "zoom"],
};

class Viewer extends Actions {
  constructor(model, el) {
    super();
    this.model = model;
    this.scene = model.get("_scene");
    const { labels, other } = this.scene;
    this.labels = [labels, other?.labels ?? []];
    this.every = [...new Set(this.labels.flat())];
    this.active = this.scene.panes[0].name;
    this.heading = 0; // of the last step
    this.store = new Store(model, (request) => this.took(request));
    this.frames = new Frames(this);
    this.stale = new Set(); // traits that the panel is to follow
    this.unsaved = new Map(); // traits and values that Python has yet to hear of
    this.changing = this.changes();
    this.takeColors();
    this.build(el);
    this.takePlace();
    this.takeCentre();
    this.arrange();
    this.sized = new ResizeObserver(() => this.fit());
    for (const pane of this.panes) this.sized.observe(pane.canvas);
  }

  build(el) {
    this.root = node("div", "rtxr-widget rtxr-viewer", el);
    this.undress = followTheme(this.root);
    const stage = node("div", "rtxr-viewer-stage", this.root);
    this.planes = node("div", "rtxr-viewer-planes", stage);
    this.panel = new Panel(this, stage);
    this.planes.style.height = this.panel.root.style.maxHeight = `${this.model.get("height")}px`;
    const sources = this.scene.other ? [0, 1] : [0];
    this.panes = sources.flatMap((source) =>
      this.scene.panes.map((spec) => new Pane(this, spec, source, this.planes)),
    );
    this.showStill();
    this.help = helpSheet(this.planes);
    this.help.hidden = true;
    const foot = node("div", "rtxr-viewer-foot", this.root);
    this.readout = new Readout(this, foot);
    const keys = node("button", "", foot, { ...OWN_KEYS, type: "button", title: "Keys (?)" });
    keys.textContent = "? Keys";
    keys.addEventListener("click", () => this.toggleHelp());
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  /** The picture that Python has drawn, until planes come: a kernel may be gone. */
  showStill() {
    const bytes = this.model.get("_still");
    if (!bytes?.byteLength) return;
    const src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    this.still = node("img", "rtxr-viewer-still", this.planes, { src, alt: "" });
    this.still.addEventListener("load", () => URL.revokeObjectURL(src));
  }

  key(event) {
    if (event.key === "Escape" && !this.help.hidden) this.toggleHelp();
    else if (event.key === "?" && event.target === this.help) this.toggleHelp();
    else if (!event.target.matches("canvas")) return;
    else if (!this.hurried(() => keyed(this, event.target.dataset.pane, event))) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do something and draw at once what it was done to; the panel follows later. */
  hurried(act) {
    this.hurry = true;
    const found = act();
    this.hurry = false;
    if (found) this.frames.now();
    return found;
  }

  // --- state that Python shares -----------------------------------------------------------------
  say(trait, value) {
    this.unsaved.set(trait, value);
    this.model.set(trait, value);
    this.saving ??= setTimeout(() => this.save(), SAVE_MS);
  }

  save() {
    clearTimeout(this.saving);
    this.saving = undefined;
    this.unsaved.clear();
    this.model.save_changes();
  }

  toggle = (trait) => this.say(trait, !this.model.get(trait));

  /** What changes of a trait do. */
  changes() {
    const found = {
      position: () => this.takePlace(),
      center: () => this.takeCentre(),
      only: () => this.arrange(),
      compare: () => this.arrange(),
      dose: () => this.request(),
      height: () => this.resize(),
    };
    for (const name of new Set(Object.values(AGED).flat())) {
      const aged = Object.keys(AGED).filter((what) => AGED[what].includes(name));
      found[name] = () => this.drawSoon(...aged);
    }
    return found;
  }

  changed(name) {
    const own = this.unsaved.get(name);
    if (own !== undefined && own !== this.model.get(name)) {
      this.model.set(name, own); // Python answers what was said before, keys ago
      return;
    }
    if (name === "rois" || name === "colors") this.takeColors();
    this.changing[name]?.();
    if (this.hurry) this.stale.add(name);
    else this.panel.take(name);
  }

  takeColors() {
    this.colors = this.model.get("colors");
    this.shown = new Set(this.model.get("rois"));
  }

  takePlace() {
    this.place = this.toOwn(this.model.get("position"));
    this.drawSoon("marks");
    this.request();
  }

  takeCentre() {
    this.centre = this.toOwn(this.model.get("center"));
    this.drawSoon(...ALL);
  }

  toOwn({ x, y, z }) {
    return transformed(this.scene.inverse, [x, y, z]);
  }

  toPatient(place) {
    const round = (value) => Math.round(value * 1e6) / 1e6;
    const [x, y, z] = transformed(this.scene.matrix, place).map(round);
    return { x, y, z };
  }

  resize() {
    this.planes.style.height = this.panel.root.style.maxHeight = `${this.model.get("height")}px`;
  }

  // --- planes -----------------------------------------------------------------------------------
  get blended() {
    return Boolean(this.scene.other) && this.model.get("compare") === "blend";
  }

  /** Show the planes that are asked for, and lay them out. */
  arrange() {
    const only = this.model.get("only");
    const twins = this.scene.other && !this.blended;
    for (const pane of this.panes)
      pane.root.hidden = (only && pane.spec.name !== only) || (pane.source === 1 && !twins);
    const count = this.visible().length / (twins ? 2 : 1);
    this.planes.dataset.layout = `${twins ? "twins" : "one"}-${count}`;
    if (only) this.active = only;
    this.request();
    this.drawSoon(...ALL);
  }

  /** Take over the sizes of the planes, and draw them before they are seen so. */
  fit() {
    for (const pane of this.panes) pane.fit(pane.canvas.clientWidth, pane.canvas.clientHeight);
    for (const pane of this.panes) if (pane.due) pane.draw();
  }

  visible = () => this.panes.filter((pane) => pane.visible);
  paneOf = (name, source = 0) =>
    this.panes.find((pane) => pane.spec.name === name && pane.source === source);

  indexOf(spec) {
    return nearest(spec.axes[spec.normal], this.place[spec.normal]);
  }

  requestOf(source, spec, index = this.indexOf(spec)) {
    return { source, pane: spec.name, index, dose: this.model.get("dose") };
  }

  /** Get the pictures of all planes that are in sight, the active one first. */
  request() {
    this.store.wanted.clear();
    const panes = this.visible();
    panes.sort((a, b) => (b.spec.name === this.active) - (a.spec.name === this.active));
    for (const pane of panes) {
      const found = this.store.want(this.requestOf(pane.source, pane.spec));
      const twin = this.blended ? this.store.want(this.requestOf(1, pane.spec)) : null;
      pane.show(found ?? pane.picture, twin === undefined ? pane.twin : twin);
    }
    if (this.panes.some((pane) => pane.due)) this.frames.soon();
    // Once what is here is drawn: the very next thing, but no earlier.
    this.asking ??= Promise.resolve().then(() => {
      this.asking = undefined;
      this.store.ask((reach) => this.ahead(reach));
    });
  }

  /** Planes that are likely to be wanted next. */
  ahead(reach) {
    if (!this.heading) return [];
    const sources = this.scene.other ? [0, 1] : [0];
    const { spec } = this.paneOf(this.active);
    const last = spec.axes[spec.normal].length - 1;
    const numbers = Array.from({ length: reach }, (_, at) => at + 1)
      .map((step) => this.indexOf(spec) + step * this.heading)
      .filter((index) => index >= 0 && index <= last);
    return numbers.flatMap((index) => sources.map((each) => this.requestOf(each, spec, index)));
  }

  /** Where keys come faster than pictures, one that is late is better than the one before it. */
  took(request) {
    this.still?.remove();
    const pane = this.paneOf(request.pane, request.source);
    const wanted = this.indexOf(pane.spec);
    const off = (index) => (index === undefined ? Infinity : Math.abs(index - wanted));
    if (request.dose === this.model.get("dose") && off(request.index) < off(pane.picture?.index))
      pane.show(this.store.pictures.get(Store.key(request)), pane.twin);
    this.request();
  }

  // --- drawing ----------------------------------------------------------------------------------
  drawSoon(...aged) {
    for (const pane of this.panes) pane.age(...aged);
    this.frames.soon();
  }

  /** Planes that a person is working on. */
  leading = () => this.panes.filter(({ spec }) => spec.name === this.active);

  /** Do all that is not as urgent as these planes. */
  settle() {
    for (const pane of this.panes) if (pane.due) pane.draw();
    for (const name of this.stale) this.panel.take(name);
    this.stale.clear();
    this.readout.tell();
  }

  /** What the pixels of a pane are composed of. */
  parts(pane) {
    const { model } = this;
    const smooth = model.get("smooth");
    const shade = (layer, source) =>
      layer && { layer, smooth, rim: true, window: model.get(source ? "other_window" : "window") };
    const image = pane.picture?.image;
    const layer = pane.dose;
    const found = { image: shade(image, pane.source), other: null, dose: null };
    const other = shade(pane.twin?.image, 1);
    if (other) found.other = { ...other, share: model.get("blend") };
    if (layer && model.get("wash"))
      found.dose = {
        layer,
        smooth: true,
        palette: this.palette(),
        opacity: image ? model.get("opacity") : 1,
        threshold: dose(model.get("threshold"), model.get("prescription")),
        top: this.top(),
      };
    return found;
  }

  palette() {
    const view = this.model.get("_palette");
    if (this.colorsOf !== view) {
      this.colorsOf = view;
      this.bands = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    }
    return this.bands;
  }

  color = (at) => [...this.palette().subarray(3 * at, 3 * at + 3)];

  doseUnits = () => this.scene.doses[this.model.get("dose")]?.units ?? "";
  /** Dose of the last colour; beside brachytherapy sources a dose has no bounds. */
  top = () => {
    const most = 2 * this.model.get("prescription") || Infinity;
    return Math.min(this.scene.doses[this.model.get("dose")]?.highest ?? 0, most);
  };

  /** Isodoses: what was written, in Gy, with their colours. */
  levels() {
    const full = this.model.get("prescription");
    const top = this.top();
    const found = this.model.get("isodoses").map((text) => ({ text, gray: dose(text, full) }));
    return found.filter(({ gray }) => gray > 0).map((each) => {
      const share = Math.min(255, Math.round((255 * each.gray) / (top || 1)));
      return { ...each, color: this.color(share) };
    });
  }

  /** What stands in the corner of a plane, the most important first. */
  caption(pane) {
    const { spec, source } = pane;
    const own = spec.axes[spec.normal][this.indexOf(spec)];
    const total = spec.axes[spec.normal].length;
    const number = `${this.indexOf(spec) + 1} / ${total}`;
    if (this.scene.isPile) return [number, this.scene.titles[this.indexOf(spec)]];
    const title = source ? `${spec.title}, 2nd` : spec.title;
    return [title, `${fixed(own)} mm`, number];
  }

  close() {
    this.sized.disconnect();
    this.undress();
    if (this.saving) this.save();
    this.frames.close();
  }
}

function render({ model, el }) {
  const viewer = new Viewer(model, el);
  const heard = (content, buffers) => {
    if (content.picture) viewer.store.take(content, buffers);
  };
  model.on("msg:custom", heard);
  const names = Object.keys(viewer.changing);
  const takers = names.map((name) => [`change:${name}`, () => viewer.changed(name)]);
  for (const [name, take] of takers) model.on(name, take);
  return () => {
    model.off("msg:custom", heard);
    for (const [name, take] of takers) model.off(name, take);
    viewer.close();
  };
}

export default { render };
