// The table below the curves: which ROI is which, what is shown, and what each curve says.

const FIXED = [
  ["Volume", () => "cm³"],
  ["Min", (units) => units.dose],
  ["D98%", (units) => units.dose],
  ["D50%", (units) => units.dose],
  ["Mean", (units) => units.dose],
  ["D2%", (units) => units.dose],
  ["Max", (units) => units.dose],
];

class Table {
  constructor(place, curves, acts, name) {
    Object.assign(this, { curves, acts, name });
    const label = "ROIs: what each curve says";
    const about = { ...OWN_KEYS, tabindex: 0, role: "grid", "aria-label": label };
    this.box = node("div", "rtxr-dvh-box", place, about);
    const table = node("table", "rtxr-dvh-table", this.box, { role: "presentation" });
    const head = node("tr", "", node("thead", "", table, { role: "rowgroup" }), { role: "row" });
    this.heads = [];
    this.several = curves.sources.length > 1;
    this.titles({ dose: NaN, volume: NaN, units: acts.units() }).forEach(([, , kind]) =>
      this.heads.push(node("th", kind, head, { role: "columnheader" })),
    );
    this.body = node("tbody", "", table, { role: "rowgroup" });
    const order = (one, other) => one.roi - other.roi || one.source - other.source;
    this.rows = [...curves.all].sort(order).map((curve, at, all) => this.row(curve, all[at - 1]));
    this.listen();
  }

  row(curve, before) {
    const first = before?.roi !== curve.roi;
    const row = node("tr", first ? "first" : "", this.body, {
      role: "row",
      id: `${this.name}-${curve.roi}-${curve.source}`,
      "data-roi": curve.roi,
      "data-source": curve.source,
    });
    const cell = node("td", "rtxr-dvh-name", row, { role: "gridcell" });
    const { name } = this.curves.rois[curve.roi];
    const about = { role: "checkbox", "aria-label": `Show ${name}` };
    const box = first ? node("span", "rtxr-dvh-swatch", cell, about) : null;
    if (first) node("span", "rtxr-dvh-roi", cell, { title: name }).textContent = name;
    if (this.several) {
      const source = node("td", "rtxr-dvh-source", row, { role: "gridcell" });
      source.textContent = this.curves.sources[curve.source];
    }
    const cells = [];
    for (let at = 0; at < FIXED.length + 2; at++)
      cells.push(node("td", at < 2 ? "rtxr-dvh-read" : "", row, { role: "gridcell" }));
    return { curve, row, box, cells };
  }

  listen() {
    this.box.addEventListener("click", (event) => {
      const row = event.target.closest("[data-roi]");
      if (!row) return;
      const roi = Number(row.dataset.roi);
      if (event.target.closest(".rtxr-dvh-swatch")) this.acts.toggle(roi);
      else this.acts.choose(roi);
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.keyed(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  keyed(key) {
    const moves = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (key in moves) this.acts.step(moves[key]);
    else if (key === " " || key === "Enter") this.acts.toggle();
    else if (key === "Escape") this.acts.clear();
    else return false;
    return true;
  }

  dress(color) {
    for (const { box, curve } of this.rows) box?.style.setProperty("--roi", color(curve.roi));
  }

  /** Title, unit and kind of each column. */
  titles({ units, dose, volume }) {
    const at = withUnit(brief(dose * units.perDose), units.dose);
    const part = withUnit(brief(volume), units.volume);
    return [
      ["ROI", "", "rtxr-dvh-name"],
      ...(this.several ? [["Source", "", "rtxr-dvh-source"]] : []),
      [Number.isFinite(dose) ? `V(${at})` : "V(dose)", units.volume, "rtxr-dvh-read"],
      [Number.isFinite(volume) ? `D(${part})` : "D(volume)", units.dose, "rtxr-dvh-read"],
      ...FIXED.map(([title, unit]) => [title, unit(units), ""]),
    ];
  }

  draw(state) {
    const { units, chosen, hidden, without, dose, volume } = state;
    const write = (cell, text) => cell.textContent !== text && (cell.textContent = text);
    this.titles(state).forEach(([title, unit], at) => {
      const key = `${title}|${unit}`;
      if (this.heads[at].dataset.key === key) return;
      this.heads[at].dataset.key = key;
      this.heads[at].textContent = title;
      if (unit) node("span", "rtxr-dvh-unit", this.heads[at]).textContent = ` ${unit}`;
    });
    for (const { curve, row, box, cells } of this.rows) {
      const off = hidden.has(curve.roi);
      box?.setAttribute("aria-checked", String(!off));
      row.classList.toggle("off", off || without.has(curve.source));
      row.classList.toggle("chosen", curve.roi === chosen);
      row.setAttribute("aria-selected", String(curve.roi === chosen));
      this.said(curve, units, dose, volume).forEach((text, at) => write(cells[at], text));
    }
    const active = this.rows.find(({ curve }) => curve.roi === chosen);
    this.box.setAttribute("aria-activedescendant", active ? active.row.id : "");
  }

  said(curve, units, dose, volume) {
    const gray = (value) => shown(units.doseOf(curve, value));
    const cc = units.ccOf(curve, volume);
    return [
      cubic(units.volumeOf(curve, curve.volumeAt(dose))),
      gray(curve.doseAt(cc)),
      cubic(curve.whole),
      gray(curve.min),
      gray(curve.doseAt(0.98 * curve.whole)),
      gray(curve.doseAt(0.5 * curve.whole)),
      gray(curve.mean),
      gray(curve.doseAt(0.02 * curve.whole)),
      gray(curve.max),
    ];
  }

  /** Scroll the highlighted ROI into sight, within the table only. */
  reveal(chosen) {
    const rows = this.rows.filter(({ curve }) => curve.roi === chosen).map(({ row }) => row);
    if (!rows.length) return;
    const head = this.heads[0].offsetHeight;
    const top = rows[0].offsetTop - head;
    const end = rows.at(-1).offsetTop + rows.at(-1).offsetHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (end > this.box.scrollTop + this.box.clientHeight)
      this.box.scrollTop = end - this.box.clientHeight;
  }
}
