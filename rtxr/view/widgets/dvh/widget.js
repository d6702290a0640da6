// The DVH plot on a page: what the pointer and keys do, and traits that Python shares.

const HIGH = { least: 280, most: 460, part: 0.46 }; // px, and part of the width
const STILL = 4; // px that a click may move
const GRIP = 7; // px around a cursor that move it
const HINT = "←→ dose · ↑↓ volume · PgUp PgDn ROI · Space show/hide · Esc clear";
const ARROWS = {
  ArrowLeft: ["dose", -1],
  ArrowRight: ["dose", 1],
  ArrowDown: ["volume", -1],
  ArrowUp: ["volume", 1],
};

class View {
  constructor(model, el) {
    this.model = model;
    this.curves = new Curves(model.get("_about"), model.get("_numbers"));
    this.name = unique("rtxr-dvh");
    this.hover = null;
    this.first = true;
    this.build(el);
    this.listen();
    this.undress = followTheme(this.root, (dark) => this.dress(dark), this.plot);
  }

  build(el) {
    this.root = node("div", "rtxr-widget rtxr-dvh", el);
    this.bar = new Bar(this.root, this.curves, {
      all: () => this.say("hidden", this.seenAll ? this.names() : []),
      again: () => this.drawSoon(),
      put: (trait, value) => this.put(trait, value),
      relate: (trait, value) => this.relate(trait, value),
      flip: (trait, name) => this.flip(trait, name),
    });
    const label = "Dose-volume histograms";
    const about = { ...OWN_KEYS, tabindex: 0, role: "application", "aria-label": label };
    this.plot = node("div", "rtxr-dvh-plot", this.root, about);
    this.picture = new Picture(this.plot, this.curves);
    this.take();
    const acts = {
      toggle: (roi) => this.toggle(roi ?? this.chosen),
      choose: (roi) => this.choose(roi === this.chosen ? -1 : roi),
      step: (by) => this.step(by),
      clear: () => this.clear(),
      units: () => this.units,
    };
    this.table = new Table(this.root, this.curves, acts, this.name);
    this.goals = new Goals(this.root, this.curves, (roi) => this.choose(roi));
    this.notes(this.curves.about.notes);
    const foot = node("div", "rtxr-dvh-foot", this.root);
    this.status = node("span", "", foot, { role: "status" });
    node("span", "rtxr-dvh-hint", foot).textContent = HINT;
  }

  /** What is to be known of the curves, folded. */
  notes(messages) {
    if (!messages.length) return;
    const box = node("details", "rtxr-dvh-notes", this.root);
    const head = node("summary", "", box, OWN_KEYS);
    head.textContent = `⚠ ${messages.length} ${messages.length > 1 ? "findings" : "finding"}`;
    const list = node("ul", "", box);
    for (const message of messages) node("li", "", list).textContent = message;
  }

  listen() {
    const { plot } = this;
    plot.addEventListener("pointerdown", (event) => this.press(event));
    plot.addEventListener("pointermove", (event) => this.move(event));
    plot.addEventListener("pointerup", (event) => this.release(event));
    plot.addEventListener("pointercancel", () => (this.drag = null));
    plot.addEventListener("pointerleave", () => this.point(null));
    plot.addEventListener("keydown", (event) => this.key(event));
  }

  names = () => this.curves.rois.map((roi) => roi.name);

  // --- state that Python shares -----------------------------------------------------------------
  say(trait, value) {
    this.model.set(trait, value);
    this.model.save_changes();
  }

  get chosen() {
    return this.curves.roiAt(this.model.get("roi"));
  }

  get cursor() {
    const of = (trait) => this.model.get(trait) ?? NaN;
    return { dose: of("dose"), volume: of("volume") };
  }

  get seenAll() {
    return !this.names().some((name) => this.model.get("hidden").includes(name));
  }

  choose(roi) {
    this.say("roi", roi < 0 ? "" : this.curves.rois[roi].name);
  }

  flip(trait, name) {
    const now = this.model.get(trait);
    this.say(trait, now.includes(name) ? now.filter((each) => each !== name) : [...now, name]);
  }

  toggle(roi) {
    if (roi >= 0) this.flip("hidden", this.curves.rois[roi].name);
  }

  step(by) {
    const last = this.curves.rois.length - 1;
    const from = this.chosen < 0 ? (by > 0 ? -1 : last + 1) : this.chosen;
    this.choose(Math.max(0, Math.min(last, from + by)));
  }

  clear() {
    const { dose, volume } = this.cursor;
    if (Number.isFinite(dose) || Number.isFinite(volume)) {
      this.model.set({ dose: null, volume: null });
      this.model.save_changes();
    } else this.say("roi", "");
  }

  relate(trait, value) {
    if (value === this.model.get(trait)) return;
    if (trait === "relative_dose" && !(this.curves.prescription > 0)) return;
    if (trait === "relative_volume") this.model.set("volume", null);
    this.say(trait, value);
  }

  /** Put a cursor where its axis has a number; NaN takes it away. */
  put(trait, value) {
    const factor = trait === "dose" ? this.units.perDose : 1;
    this.say(trait, Number.isFinite(value) ? Number((value / factor).toPrecision(12)) : null);
  }

  // --- pointer ----------------------------------------------------------------------------------
  place(event) {
    const box = this.plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** Which cursor a place is about: a line near by, or the axis it would be on. */
  grip(x, y) {
    const { picture } = this;
    const { dose, volume } = this.cursor;
    const at = picture.x(dose * this.units.perDose);
    if (Math.abs(at - x) <= GRIP || y > picture.bottom) return "dose";
    return Math.abs(picture.y(volume) - y) <= GRIP || x < AROUND.left ? "volume" : "";
  }

  press(event) {
    if (event.button) return;
    const [x, y] = this.place(event);
    this.plot.setPointerCapture(event.pointerId);
    const onAxis = y > this.picture.bottom || x < AROUND.left;
    this.drag = { x, y, trait: this.grip(x, y), moved: false, onAxis };
    if (onAxis) this.pull(x, y);
  }

  move(event) {
    const [x, y] = this.place(event);
    const { drag } = this;
    if (!drag) return this.point([x, y]);
    if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < STILL) return;
    drag.moved = true;
    drag.trait ||= event.shiftKey ? "volume" : "dose";
    this.pull(x, y);
  }

  release(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag || drag.moved || drag.onAxis) return;
    const found = this.picture.nearest(drag.x, drag.y, this.chosen);
    if (found) this.choose(found.curve.roi === this.chosen ? -1 : found.curve.roi);
    else if (!drag.trait) this.choose(-1);
    this.point(this.place(event));
  }

  /** Bring a cursor to a place. */
  pull(x, y) {
    const { picture, units } = this;
    const inside = (value, low, high) => Math.max(low, Math.min(high, value));
    this.hover = null;
    if (this.drag.trait === "dose") {
      const at = inside(picture.doseAt(x), picture.low, picture.high);
      this.put("dose", this.even(at, picture.doseAt(1) - picture.doseAt(0)));
    } else {
      const at = inside(picture.volumeAt(y), 0, units.relativeVolume ? 100 : picture.top);
      this.put("volume", this.even(at, picture.volumeAt(0) - picture.volumeAt(1)));
    }
  }

  /** A number as round as a pixel is wide. */
  even(value, wide) {
    const step = 10 ** Math.floor(Math.log10(wide));
    return Number((Math.round(value / step) * step).toPrecision(12));
  }

  point(at) {
    const was = this.hover;
    this.hover = at && this.picture.nearest(...at, this.chosen);
    if (at) {
      const grip = this.grip(...at);
      const sign = { dose: "ew-resize", volume: "ns-resize" }[grip];
      this.plot.style.cursor = sign ?? (this.hover ? "pointer" : "crosshair");
    }
    if (was || this.hover) this.drawSoon(false);
  }

  // --- keys -------------------------------------------------------------------------------------
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.keyed(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do what a key is for; whether it is for anything. */
  keyed({ key, shiftKey }) {
    if (key in ARROWS) this.nudge(...ARROWS[key], shiftKey ? 10 : 1);
    else if (key === "PageDown" || key === "n") this.step(1);
    else if (key === "PageUp" || key === "p") this.step(-1);
    else if (key === " ") this.toggle(this.chosen);
    else if (key === "Escape") this.clear();
    else if (key === "a") this.say("hidden", []);
    else if (key === "g") this.relate("relative_dose", !this.model.get("relative_dose"));
    else if (key === "v") this.relate("relative_volume", !this.model.get("relative_volume"));
    else return false;
    return true;
  }

  /** Move a cursor by a tenth of the space between two numbers of its axis. */
  nudge(trait, way, times) {
    const { picture, units } = this;
    const ofDose = trait === "dose";
    const factor = ofDose ? units.perDose : 1;
    const [low, high] = ofDose ? [picture.low, picture.high] : [0, picture.top / 1.02];
    const step = (ticks(low, high, ofDose ? 8 : 5).step / 10) * (ofDose ? 0.1 : 1);
    const now = this.cursor[trait] * factor;
    const from = Number.isFinite(now) ? now + way * times * step : (low + high) / 2;
    const to = Math.round(Math.max(low, Math.min(high, from)) / step) * step;
    this.put(trait, to);
  }

  // --- drawing ----------------------------------------------------------------------------------
  dress(dark) {
    this.picture.dress(dark);
    this.table.dress(this.picture.color);
    this.goals.dress(this.picture);
    this.drawSoon();
  }

  /** Draw with the next picture of the screen: all of it, or what is above the curves. */
  drawSoon(all = true) {
    this.stale ||= all;
    this.waiting ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.waiting = undefined;
    const width = this.plot.clientWidth;
    if (!width) return;
    if (this.stale) {
      const height = Math.round(Math.max(HIGH.least, Math.min(HIGH.most, width * HIGH.part)));
      this.plot.style.height = `${height}px`;
      this.picture.fit(width, height, window.devicePixelRatio || 1);
      this.take();
      this.picture.drawBelow(this.chosen);
      this.bar.draw({ get: (name) => this.model.get(name), seenAll: this.seenAll });
    }
    this.picture.drawAbove({ ...this.cursor, hover: this.hover });
    this.plot.setAttribute("aria-description", this.hover?.lines.join("; ") ?? "");
    if (this.stale || this.read) this.drawTable();
    if (this.first) this.table.reveal(this.chosen);
    this.first = false;
    this.stale = this.read = false;
  }

  /** Take what is seen, and in which units. */
  take() {
    const get = (name) => this.model.get(name);
    const { all, sources, roiAt } = this.curves;
    this.units = new Units(this.curves, get("relative_dose"), get("relative_volume"));
    this.hidden = new Set(get("hidden").map(roiAt));
    this.without = new Set(get("hidden_sources").map((name) => sources.indexOf(name)));
    const seen = all.filter((each) => !this.hidden.has(each.roi) && !this.without.has(each.source));
    if (!seen.includes(this.hover?.curve)) this.hover = null;
    this.picture.scale(this.units, seen);
  }

  drawTable() {
    const { units, hidden, without, chosen } = this;
    const { dose, volume } = this.cursor;
    this.table.draw({ units, chosen, hidden, without, dose, volume });
    this.bar.read({ units, dose, volume });
    const text = this.reading(dose, volume);
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** What the highlighted ROI says at the cursors, else how much is shown. */
  reading(dose, volume) {
    const { units, chosen, curves } = this;
    const count = curves.rois.length;
    const off = curves.rois.filter((_, roi) => this.hidden.has(roi)).length;
    const curve = curves.all.find((each) => each.roi === chosen);
    if (!curve) return `${off ? `${count - off} of ${count}` : count} ROIs shown`;
    const gray = (value) => withUnit(shown(units.doseOf(curve, value)), units.dose);
    const told = [];
    if (Number.isFinite(dose)) {
      const part = cubic(units.volumeOf(curve, curve.volumeAt(dose)));
      const at = withUnit(brief(dose * units.perDose), units.dose);
      told.push(`${withUnit(part, units.volume)} at ${at}`);
    }
    if (Number.isFinite(volume)) {
      const least = curve.doseAt(units.ccOf(curve, volume));
      told.push(`${gray(least)} to ${withUnit(brief(volume), units.volume)}`);
    }
    return `${curves.rois[chosen].name}: ${told.join("; ") || `mean ${gray(curve.mean)}`}`;
  }

  close() {
    this.undress();
    if (this.waiting !== undefined) cancelAnimationFrame(this.waiting);
  }
}

function render({ model, el }) {
  const view = new View(model, el);
  const whole = () => view.drawSoon();
  const reads = () => {
    view.read = true;
    view.drawSoon(false);
  };
  const chosen = () => {
    view.drawSoon();
    view.table.reveal(view.chosen);
  };
  const changes = { "change:dose": reads, "change:volume": reads, "change:roi": chosen };
  for (const name of ["hidden", "hidden_sources", "relative_dose", "relative_volume"])
    changes[`change:${name}`] = whole;
  for (const [name, take] of Object.entries(changes)) model.on(name, take);
  return () => {
    for (const [name, take] of Object.entries(changes)) model.off(name, take);
    view.close();
  };
}

export default { render };
