// What a person does with the viewer, by key, pointer or panel: all of it ends in traits.

function transformed(matrix, [x, y, z]) {
  return [0, 4, 8].map((row) => {
    const [a, b, c, d] = matrix.slice(row, row + 4);
    return a * x + b * y + c * z + d;
  });
}

/** Millimetres with one decimal, and no "-0.0". */
const fixed = (value) => (Math.round(value * 10) / 10 + 0).toFixed(1);

class Actions {
  activate(name) {
    this.active = name;
  }

  goTo(place) {
    const { axes } = this.scene.panes[0];
    const inside = place.map((each, own) => Math.max(axes[own][0], Math.min(axes[own].at(-1), each)));
    this.say("position", this.toPatient(inside));
  }

  step(name, by) {
    const { spec } = this.paneOf(name);
    const axis = spec.axes[spec.normal];
    const at = Math.max(0, Math.min(axis.length - 1, this.indexOf(spec) + by));
    this.active = name;
    this.heading = Math.sign(by);
    const place = [...this.place];
    place[spec.normal] = axis[at];
    this.goTo(place);
  }

  /** Move the cross-hair by a voxel. */
  nudge(name, right, down) {
    const pane = this.paneOf(name);
    const { axes, across, up } = pane.spec;
    const place = [...this.place];
    for (const [own, by] of [[across, right * Math.sign(pane.scaleX)], [up, down * Math.sign(pane.scaleY)]])
      if (by) {
        const at = nearest(axes[own], place[own]) + by;
        place[own] = axes[own][Math.max(0, Math.min(axes[own].length - 1, at))];
      }
    this.goTo(place);
  }

  pan(pane, dx, dy) {
    const centre = [...this.centre];
    centre[pane.spec.across] -= dx / pane.scaleX;
    centre[pane.spec.up] -= dy / pane.scaleY;
    this.say("center", this.toPatient(centre));
  }

  zoomBy(factor) {
    this.say("zoom", Math.max(0.25, Math.min(50, this.model.get("zoom") * factor)));
  }

  /** Zoom so that what is under the pointer stays there. */
  zoomAt(pane, factor, x, y) {
    const [across, up] = [pane.toAcross(x), pane.toUp(y)];
    this.zoomBy(factor);
    pane.look();
    const centre = [...this.centre];
    centre[pane.spec.across] += across - pane.toAcross(x);
    centre[pane.spec.up] += up - pane.toUp(y);
    this.say("center", this.toPatient(centre));
  }

  reset() {
    const middle = this.scene.panes[0].axes.map((axis) => (ends(axis)[0] + ends(axis)[1]) / 2);
    this.say("zoom", 1);
    this.say("center", this.toPatient(middle));
  }

  /** Set the window of a dataset, and that of the other one as long as both are the same. */
  setWindow(source, value) {
    const names = ["window", "other_window"];
    const [before, other] = names.map((name) => this.model.get(name));
    const same = before.every((each, at) => each === other[at]);
    for (const name of same ? names : [names[source]]) this.say(name, value);
  }

  /** Change width and level by parts of the width. */
  rewindow(source, wider, up) {
    const [width, level] = this.model.get(source ? "other_window" : "window");
    const round = (value) => Number(value.toPrecision(5));
    const changed = [round(Math.max(width * Math.exp(wider), 1e-6)), round(level + up * width)];
    this.setWindow(source, changed);
  }

  nextPreset() {
    const { presets } = this.scene;
    const [width, level] = this.model.get("window");
    const at = presets.findIndex(([, w, l]) => w === width && l === level);
    if (presets.length) this.setWindow(0, presets[(at + 1) % presets.length].slice(1));
  }

  enlarge(name) {
    this.say("only", this.model.get("only") ? "" : name);
  }

  nextRoi(by) {
    const count = this.every.length;
    if (!count) return;
    const at = this.every.indexOf(this.model.get("roi"));
    const next = at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count;
    this.say("roi", this.every[next]);
  }

  toggleRoi(label = this.model.get("roi")) {
    if (!label) return;
    const shown = new Set(this.shown);
    if (!shown.delete(label)) shown.add(label);
    this.say("rois", this.every.filter((each) => shown.has(each)));
  }

  jump(label = this.model.get("roi")) {
    if (label) this.model.send({ ask: "jump", roi: label });
  }

  toggleCompare() {
    if (this.scene.other) this.say("compare", this.blended ? "side" : "blend");
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    if (!this.help.hidden) this.beneath = this.root.getRootNode().activeElement;
    const next = this.help.hidden ? this.beneath : this.help;
    next?.focus({ preventScroll: true });
  }
}
