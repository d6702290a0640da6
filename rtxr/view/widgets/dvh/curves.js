// Curves of a DVH as numbers: what they say at a dose and at a volume. The same answers as those of
// RoiDose in Python, which the table of readings and the tests hold them to.

const NOTHING = NaN;
const known = (value) => value ?? NOTHING;

class Curve {
  constructor(told, block) {
    const of = ([begin, count]) => block.subarray(begin, begin + count);
    this.roi = told.roi;
    this.source = told.source;
    this.doses = of(told.doses);
    this.volumes = of(told.volumes);
    this.cut = told.cut;
    this.whole = told.whole;
    for (const name of ["inside", "min", "mean", "max", "prescription"])
      this[name] = known(told[name]);
  }

  /** cm3 that receive at least a dose. */
  volumeAt(dose) {
    const { doses, volumes } = this;
    const last = doses.length - 1;
    if (!(dose === dose)) return NOTHING;
    if (this.cut && dose > doses[last]) return NOTHING;
    if (dose <= Math.min(0, this.min)) return this.whole;
    if (dose > this.max) return 0;
    if (dose <= this.min) return this.inside;
    return this.between(dose);
  }

  /** The same as drawn: a straight line between two points. */
  between(dose) {
    const { doses, volumes } = this;
    if (dose >= doses[doses.length - 1]) return volumes[doses.length - 1];
    const at = this.before(dose);
    const part = (dose - doses[at]) / (doses[at + 1] - doses[at]);
    return volumes[at] + part * (volumes[at + 1] - volumes[at]);
  }

  /** Last place whose dose is not above this one. */
  before(dose) {
    let [low, high] = [0, this.doses.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.doses[middle] <= dose) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Lowest dose to the hottest part of this volume, cm3. */
  doseAt(volume) {
    const { doses, volumes } = this;
    if (!(volume >= 0 && volume <= this.inside * (1 + 1e-6))) return NOTHING;
    if (this.cut && volume < volumes[volumes.length - 1]) return NOTHING;
    const asked = Math.min(volume, this.inside);
    let [low, high] = [0, volumes.length]; // the first place with less than the volume
    while (low < high) {
      const middle = (low + high) >> 1;
      if (volumes[middle] >= asked) low = middle + 1;
      else high = middle;
    }
    const at = Math.max(0, low - 1);
    let dose = doses[at];
    if (at + 1 < doses.length) {
      const step = volumes[at] - volumes[at + 1];
      if (step > 0) dose += ((volumes[at] - asked) / step) * (doses[at + 1] - doses[at]);
    }
    const highest = this.cut ? doses[doses.length - 1] : this.max;
    return Math.min(Math.max(dose, this.min), highest);
  }
}

/** All curves, and what a view needs to know of them. */
class Curves {
  constructor(about, numbers) {
    this.about = about;
    // The bytes may begin anywhere in a message, numbers of four bytes may not.
    const bytes = numbers.buffer.slice(numbers.byteOffset, numbers.byteOffset + numbers.byteLength);
    const block = new Float32Array(bytes);
    this.rois = about.rois;
    this.sources = about.sources;
    this.all = about.curves.map((told) => new Curve(told, block));
    this.prescription = known(about.prescription);
    this.lowest = Math.min(0, ...this.all.map((curve) => curve.doses[0]));
  }

  roiAt = (name) => this.rois.findIndex((roi) => roi.name === name);
}

/** What the axes show: factors from doses and cm3 of a curve, and how numbers are written. */
class Units {
  constructor(curves, relativeDose, relativeVolume) {
    Object.assign(this, { curves, relativeDose, relativeVolume });
    this.dose = relativeDose ? "%" : curves.about.unit;
    this.volume = relativeVolume ? "%" : "cm³";
    this.perDose = relativeDose ? 100 / curves.prescription : 1; // of the axis and the cursor
  }

  doseOf = (curve, dose) => dose * (this.relativeDose ? 100 / curve.prescription : 1);
  volumeOf = (curve, volume) => volume * (this.relativeVolume ? 100 / curve.whole : 1);
  ccOf = (curve, shown) => shown / (this.relativeVolume ? 100 / curve.whole : 1);
  drawn = (curve) => !this.relativeDose || curve.prescription > 0;

  get doseTitle() {
    if (this.relativeDose) return "Dose (% of prescription)";
    return this.dose ? `Dose (${this.dose})` : "Dose";
  }

  get volumeTitle() {
    return `Volume (${this.volume})`;
  }
}

/** A number for reading; a dash where it is not known. */
function shown(value, places = 2) {
  return Number.isFinite(value) ? value.toFixed(places).replace(/^-(0\.0*)$/, "$1") : "–";
}

/** A volume: of small ones a further decimal. */
const cubic = (value) => shown(value, value > 0 && value < 0.1 ? 3 : 2);

/** The same without decimals that say nothing. */
const brief = (value) => (Number.isFinite(value) ? String(Number(shown(value))) : "–");

const withUnit = (text, unit) => (unit && text !== "–" ? `${text} ${unit}` : text);

/** Round numbers over a range, about so many. */
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const decade = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((part) => part * decade).find((each) => each >= raw * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high * (1 + 1e-9); at++)
    found.push(Number((at * step).toPrecision(12)));
  return { found, step };
}
