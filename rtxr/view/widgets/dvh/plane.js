// Where curves are on a page: scales, lines, and which curve a place is about.

const AROUND = { left: 68, right: 16, top: 12, bottom: 46 }; // px around the curves
const NEAR = 12; // px within which a curve is meant
const OFF = 0.05; // px that a line may be off its curve

/** The points of a line that goes from left to right that are needed to within OFF px. */
function straightened(points) {
  const kept = [points[0]];
  let [low, high] = [-Infinity, Infinity]; // slopes from the last one kept that pass by all since
  for (let at = 1; at < points.length; at++) {
    const [x0, y0] = kept[kept.length - 1];
    const wide = points[at][0] - x0;
    const up = (points[at][1] - y0) / wide;
    if (!(up >= low && up <= high)) {
      kept.push(points[at - 1]);
      const before = points[at - 1];
      const next = points[at][0] - before[0];
      low = (points[at][1] - before[1] - OFF) / next;
      high = (points[at][1] - before[1] + OFF) / next;
    } else {
      low = Math.max(low, up - OFF / wide);
      high = Math.min(high, up + OFF / wide);
    }
  }
  kept.push(points[points.length - 1]);
  return kept;
}

/** The plane that curves are drawn in. */
class Plane {
  constructor(curves) {
    this.curves = curves;
    this.paths = new Map();
  }

  /** Take a size, in px of the page. */
  fit(width, height, density) {
    Object.assign(this, { width, height, density });
    this.paths.clear();
  }

  /** Take units and which curves are seen; scales follow. */
  scale(units, seen) {
    this.units = units;
    this.seen = seen.filter((curve) => units.drawn(curve));
    const volumes = this.seen.map((curve) => units.volumeOf(curve, curve.whole));
    const low = this.curves.lowest * units.perDose;
    const high = this.curves.about.ends[units.relativeDose ? 1 : 0] || units.perDose;
    const top = units.relativeVolume ? 102 : 1.02 * Math.max(...volumes, 1e-9);
    const key = [low, high, top, units.relativeDose, units.relativeVolume].join();
    if (key !== this.key) this.paths.clear();
    Object.assign(this, { key, low, high, top: top > 1e-8 ? top : 1 });
  }

  get right() {
    return this.width - AROUND.right;
  }

  get bottom() {
    return this.height - AROUND.bottom;
  }

  get wide() {
    return this.right - AROUND.left;
  }

  get tall() {
    return this.bottom - AROUND.top;
  }

  x = (dose) => AROUND.left + ((dose - this.low) / (this.high - this.low)) * this.wide;
  y = (volume) => this.bottom - (volume / this.top) * this.tall;
  doseAt = (x) => this.low + ((x - AROUND.left) / this.wide) * (this.high - this.low);
  volumeAt = (y) => ((this.bottom - y) / this.tall) * this.top;

  /** A curve as a line, kept until the axes change. */
  path(curve) {
    if (!this.paths.has(curve)) {
      const line = new Path2D();
      for (const [x, y] of straightened(this.points(curve))) line.lineTo(x, y);
      this.paths.set(curve, line);
    }
    return this.paths.get(curve);
  }

  /** Points of a curve in px: its own, or two to a pixel where it has more. */
  points(curve) {
    const { doses, volumes } = curve;
    const perDose = this.units.doseOf(curve, 1);
    const perVolume = this.units.volumeOf(curve, 1);
    const at = (dose, volume) => [this.x(dose * perDose), this.y(volume * perVolume)];
    const last = doses.length - 1;
    const most = 2 * Math.round(this.wide);
    if (last <= most) return Array.from(doses, (dose, place) => at(dose, volumes[place]));
    const end = Math.min(doses[last], this.high / perDose);
    const found = [at(doses[0], volumes[0])];
    for (let step = 1; step <= most; step++) {
      const dose = doses[0] + ((end - doses[0]) * step) / most;
      found.push(at(dose, curve.between(dose)));
    }
    return found;
  }

  // --- under the pointer ------------------------------------------------------------------------
  /** The point of a curve that is nearest to a place, within reach; nothing for none. */
  nearest(x, y, roi) {
    let best = null;
    for (const curve of this.seen) {
      const { units } = this;
      const dose = this.doseAt(x) / units.doseOf(curve, 1);
      const across = units.ccOf(curve, this.volumeAt(y));
      const places = [
        [x, this.y(units.volumeOf(curve, curve.volumeAt(dose)))],
        [this.x(units.doseOf(curve, curve.doseAt(across))), y],
      ];
      for (const [px, py] of places) {
        const away = Math.hypot(px - x, py - y) - (curve.roi === roi ? 0.5 : 0);
        const end = units.doseOf(curve, curve.max);
        if (away <= NEAR && px <= this.x(end) + 1 && away < (best?.away ?? Infinity))
          best = { curve, x: px, y: py, away };
      }
    }
    return best && { ...best, ...this.said(best) };
  }

  /** What a curve says at a place. */
  said({ curve, x, y }) {
    const { units, curves } = this;
    const dose = this.doseAt(x);
    const share = this.volumeAt(y);
    const given = dose / units.doseOf(curve, 1);
    const cc = units.ccOf(curve, share);
    const both = [[shown((100 * cc) / curve.whole), "%"], [cubic(cc), "cm³"]];
    const source = curves.sources.length > 1 ? ` · ${curves.sources[curve.source]}` : "";
    const [first, second] = units.relativeVolume ? both : both.reverse();
    const percent = units.relativeDose ? [shown(given), curves.about.unit] : null;
    const lines = [
      curves.rois[curve.roi].name + source,
      withUnit(shown(dose), units.dose) + (percent ? ` (${withUnit(...percent)})` : ""),
      `${withUnit(...first)} (${withUnit(...second)})`,
    ];
    return { lines, dose: given, cc };
  }
}
