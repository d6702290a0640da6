// The curves on two canvases, one over the other: below what changes seldom, above the cursors and
// what is under the pointer. Nothing here knows of traits.

const DASHES = [[], [7, 4], [2, 3], [8, 3, 2, 3], [10, 3, 2, 3, 2, 3]];
const INKS = ["text", "ground", "quiet", "line", "edge", "accent", "on-accent"];

class Picture extends Plane {
  constructor(place, curves) {
    super(curves);
    this.below = node("canvas", "rtxr-dvh-canvas", place, { "aria-hidden": "true" });
    this.above = node("canvas", "rtxr-dvh-canvas", place, { "aria-hidden": "true" });
    this.probe = node("span", "rtxr-dvh-probe", place, { "aria-hidden": "true" });
  }

  /** Take the colours and the font of the page. */
  dress(dark) {
    this.ink = {};
    for (const name of INKS) {
      this.probe.style.color = `var(--rtxr-${name})`;
      this.ink[name] = getComputedStyle(this.probe).color;
    }
    this.family = getComputedStyle(this.probe).fontFamily;
    this.signOf = (status) => {
      const [text, light, onDark] = this.curves.about.signs[status];
      return [text, dark ? onDark : light];
    };
    this.color = (roi) => this.curves.rois[roi][dark ? "dark" : "light"];
  }

  font(size, weight = "") {
    return `${weight} ${size}px ${this.family}`;
  }

  fit(width, height, density) {
    if ([this.width, this.height, this.density].join() === [width, height, density].join()) return;
    super.fit(width, height, density);
    for (const canvas of [this.below, this.above]) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
  }

  begin(canvas) {
    const draw = canvas.getContext("2d");
    draw.setTransform(this.density, 0, 0, this.density, 0, 0);
    draw.clearRect(0, 0, this.width, this.height);
    return draw;
  }

  // --- below ------------------------------------------------------------------------------------
  drawBelow(roi) {
    const draw = this.begin(this.below);
    this.axes(draw);
    draw.save();
    draw.beginPath();
    draw.rect(AROUND.left, 0, this.wide, this.bottom + 1);
    draw.clip();
    const chosen = this.seen.some((curve) => curve.roi === roi) ? roi : -1;
    // The first dose over all others, the highlighted ROI over all ROIs.
    const rank = (curve) => (curve.roi === chosen ? 100 : 0) - curve.source;
    for (const curve of [...this.seen].sort((one, other) => rank(one) - rank(other))) {
      draw.globalAlpha = chosen >= 0 && curve.roi !== chosen ? 0.3 : 1;
      this.stroke(draw, curve, curve.roi === chosen ? 3 : 1.75);
    }
    draw.restore();
    drawMarks(draw, this, chosen);
    if (chosen >= 0) this.name(draw, this.seen.find((curve) => curve.roi === chosen));
  }

  axes(draw) {
    const { ink } = this;
    const doses = ticks(this.low, this.high, this.wide / 70);
    const volumes = ticks(0, this.top, this.tall / 40);
    draw.lineWidth = 1;
    draw.strokeStyle = ink.line;
    draw.beginPath();
    for (const at of doses.found) this.rule(draw, this.x(at), AROUND.top, true);
    for (const at of volumes.found) this.rule(draw, this.y(at), AROUND.left, false);
    draw.stroke();
    draw.strokeStyle = ink.edge;
    draw.beginPath();
    this.rule(draw, AROUND.left, AROUND.top, true);
    this.rule(draw, this.bottom, AROUND.left, false);
    draw.stroke();
    draw.fillStyle = ink.quiet;
    draw.font = this.font(12);
    draw.textAlign = "center";
    draw.textBaseline = "top";
    for (const at of doses.found) draw.fillText(String(at), this.x(at), this.bottom + 7);
    draw.textAlign = "right";
    draw.textBaseline = "middle";
    for (const at of volumes.found) draw.fillText(number(at), AROUND.left - 8, this.y(at));
    draw.fillStyle = ink.text;
    draw.textAlign = "center";
    draw.textBaseline = "alphabetic";
    draw.fillText(this.units.doseTitle, (AROUND.left + this.right) / 2, this.height - 8);
    draw.save();
    draw.translate(14, (AROUND.top + this.bottom) / 2);
    draw.rotate(-Math.PI / 2);
    draw.fillText(this.units.volumeTitle, 0, 0);
    draw.restore();
  }

  /** A line over the whole plot, sharp on the pixels of the screen. */
  rule(draw, at, from, upright) {
    const sharp = (Math.round(at * this.density) + 0.5) / this.density;
    if (upright) {
      draw.moveTo(sharp, from);
      draw.lineTo(sharp, this.bottom);
    } else {
      draw.moveTo(from, sharp);
      draw.lineTo(this.right, sharp);
    }
  }

  stroke(draw, curve, width) {
    draw.strokeStyle = this.color(curve.roi);
    draw.lineWidth = width;
    draw.lineJoin = "round";
    draw.setLineDash(DASHES[curve.source % DASHES.length]);
    draw.stroke(this.path(curve));
    draw.setLineDash([]);
  }

  /** The highlighted ROI is named beside its curve. */
  name(draw, curve) {
    const half = curve.doseAt(curve.whole / 2);
    if (!Number.isFinite(half)) return;
    const text = this.curves.rois[curve.roi].name;
    const [x, y] = [
      this.x(this.units.doseOf(curve, half)),
      this.y(this.units.volumeOf(curve, curve.whole / 2)),
    ];
    draw.font = this.font(13, "600");
    const wide = draw.measureText(text).width;
    const before = x + 10 + wide > this.right;
    draw.textAlign = before ? "right" : "left";
    draw.textBaseline = "bottom"; // clear of a cursor at half the volume
    draw.fillStyle = this.color(curve.roi);
    this.halo(draw, text, x + (before ? -10 : 10), y - 5);
  }

  halo(draw, text, x, y) {
    draw.lineWidth = 4;
    draw.lineJoin = "round";
    draw.strokeStyle = this.ink.ground;
    draw.strokeText(text, x, y);
    draw.fillText(text, x, y);
  }

  // --- above ------------------------------------------------------------------------------------
  drawAbove({ dose, volume, hover }) {
    const draw = this.begin(this.above);
    if (Number.isFinite(dose)) this.drawDose(draw, dose);
    if (Number.isFinite(volume)) this.drawVolume(draw, volume);
    if (hover) this.drawHover(draw, hover);
  }

  drawDose(draw, dose) {
    const at = dose * this.units.perDose;
    const x = this.x(at);
    if (x < AROUND.left - 0.5 || x > this.right + 0.5) return;
    this.cursor(draw, x, AROUND.top, true);
    for (const curve of this.seen)
      this.dot(draw, curve, this.x(this.units.doseOf(curve, dose)), curve.volumeAt(dose));
    this.pill(draw, withUnit(brief(at), this.units.dose), x, this.bottom + 14, "center");
  }

  drawVolume(draw, volume) {
    const y = this.y(volume);
    if (y < AROUND.top - 0.5 || y > this.bottom + 0.5) return;
    this.cursor(draw, y, AROUND.left, false);
    for (const curve of this.seen) {
      const wanted = this.units.ccOf(curve, volume);
      this.dot(draw, curve, this.x(this.units.doseOf(curve, curve.doseAt(wanted))), wanted);
    }
    this.pill(draw, withUnit(brief(volume), this.units.volume), AROUND.left - 4, y, "right");
  }

  cursor(draw, at, from, upright) {
    draw.strokeStyle = this.ink.accent;
    draw.lineWidth = 1.5;
    draw.beginPath();
    this.rule(draw, at, from, upright);
    draw.stroke();
  }

  dot(draw, curve, x, volume, size = 4) {
    const y = this.y(this.units.volumeOf(curve, volume));
    if (!Number.isFinite(x) || !Number.isFinite(y) || x > this.right + 1) return;
    draw.beginPath();
    draw.arc(x, y, size, 0, 2 * Math.PI);
    draw.fillStyle = this.color(curve.roi);
    draw.strokeStyle = this.ink.ground;
    draw.lineWidth = 1.5;
    draw.fill();
    draw.stroke();
  }

  /** What a cursor reads, on its axis. */
  pill(draw, text, x, y, align) {
    draw.font = this.font(12, "600");
    const wide = draw.measureText(text).width + 12;
    let left = align === "center" ? x - wide / 2 : x - wide;
    left = Math.max(2, Math.min(left, this.width - wide - 2));
    draw.fillStyle = this.ink.accent;
    draw.beginPath();
    draw.roundRect(left, y - 10, wide, 20, 4);
    draw.fill();
    draw.fillStyle = this.ink["on-accent"];
    draw.textAlign = "left";
    draw.textBaseline = "middle";
    draw.fillText(text, left + 6, y + 0.5);
  }

  drawHover(draw, { curve, x, y, lines }) {
    draw.save();
    draw.beginPath();
    draw.rect(AROUND.left, 0, this.wide, this.bottom + 1);
    draw.clip();
    this.stroke(draw, curve, 3);
    draw.restore();
    this.dot(draw, curve, x, this.units.ccOf(curve, this.volumeAt(y)), 5);
    this.label(draw, lines, x, y, this.color(curve.roi));
  }

  /** Lines of text in a box beside a point, the first in bold. */
  label(draw, lines, x, y, color) {
    const fonts = lines.map((_, at) => this.font(12, at ? "" : "600"));
    const widths = lines.map((text, at) => ((draw.font = fonts[at]), draw.measureText(text).width));
    const [wide, high] = [Math.max(...widths) + 24, 17 * lines.length + 12];
    const left = x + 14 + wide < this.right ? x + 14 : x - 14 - wide;
    const top = Math.max(2, Math.min(y - high - 8, this.bottom - high - 2));
    draw.beginPath();
    draw.roundRect(Math.max(2, left), top, wide, high, 5);
    draw.fillStyle = this.ink.ground;
    draw.strokeStyle = this.ink.edge;
    draw.lineWidth = 1;
    draw.fill();
    draw.stroke();
    draw.fillStyle = color;
    draw.fillRect(Math.max(2, left) + 6, top + 7, 4, high - 14);
    draw.fillStyle = this.ink.text;
    draw.textAlign = "left";
    draw.textBaseline = "middle";
    lines.forEach((text, at) => {
      draw.font = fonts[at];
      draw.fillText(text, Math.max(2, left) + 16, top + 14.5 + 17 * at);
    });
  }
}
