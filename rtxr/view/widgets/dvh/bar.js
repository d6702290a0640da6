// Above the curves: cursors to type, units of the axes, and a key to the lines.

const LINE =
  '<svg width="34" height="10" aria-hidden="true"><line x1="1" y1="5" x2="33" y2="5" ' +
  'stroke="currentColor" stroke-width="2"/></svg>';

class Bar {
  constructor(place, curves, acts) {
    Object.assign(this, { curves, acts });
    const bar = node("div", "rtxr-dvh-bar", place, { role: "toolbar", "aria-label": "DVH" });
    this.fields = { dose: this.field(bar, "dose"), volume: this.field(bar, "volume") };
    node("span", "rtxr-dvh-gap", bar);
    const unit = curves.about.unit || "absolute";
    this.switches = [
      this.choice(bar, "relative_dose", "Dose axis", unit, "% of prescription"),
      this.choice(bar, "relative_volume", "Volume axis", "cm³", "%"),
    ];
    if (!(curves.prescription > 0)) {
      this.switches[0].on.disabled = true;
      this.switches[0].on.title = "No prescription is known";
    }
    this.all = this.button(bar, acts.all);
    this.keys = curves.sources.length > 1 ? this.sources(place) : [];
  }

  button(place, act) {
    const made = node("button", "", place, { ...OWN_KEYS, type: "button" });
    made.addEventListener("click", act);
    return made;
  }

  field(bar, trait) {
    const label = node("label", "rtxr-dvh-field", bar);
    node("span", "", label).textContent = trait === "dose" ? "Dose at" : "Volume at";
    const about = { ...OWN_KEYS, type: "text", inputmode: "decimal", placeholder: "–" };
    const input = node("input", "", label, about);
    const unit = node("span", "rtxr-dvh-unit", label);
    input.addEventListener("change", () => this.typed(trait, input.value));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.typed(trait, input.value);
      if (event.key === "Escape") this.typed(trait, "");
    });
    return { input, unit };
  }

  /** Take a number; what is none leaves the cursor where it is. */
  typed(trait, text) {
    const value = text.trim() ? Number(text.replace(",", ".")) : NaN;
    if (text.trim() && !Number.isFinite(value)) this.acts.again();
    else this.acts.put(trait, value);
  }

  choice(bar, trait, label, off, on) {
    const group = node("span", "rtxr-dvh-switch", bar, { role: "group", "aria-label": label });
    const button = (text, value) => {
      const made = this.button(group, () => this.acts.relate(trait, value));
      made.textContent = text;
      return made;
    };
    return { trait, off: button(off, false), on: button(on, true) };
  }

  /** Each kind of line shows or hides its curves. */
  sources(place) {
    const about = { role: "group", "aria-label": "Doses" };
    const bar = node("div", "rtxr-dvh-sources", place, about);
    return this.curves.sources.map((name, at) => {
      const made = this.button(bar, () => this.acts.flip("hidden_sources", name));
      made.className = "rtxr-dvh-key";
      made.innerHTML = LINE;
      const line = made.querySelector("line");
      line.setAttribute("stroke-dasharray", DASHES[at % DASHES.length].join(" "));
      node("span", "", made).textContent = name;
      return made;
    });
  }

  /** Say which units and which lines are on. */
  draw({ get, seenAll }) {
    for (const { trait, off, on } of this.switches) {
      off.setAttribute("aria-pressed", String(!get(trait)));
      on.setAttribute("aria-pressed", String(get(trait)));
    }
    this.all.textContent = seenAll ? "Hide all" : "Show all";
    const off = get("hidden_sources");
    this.keys.forEach((key, at) =>
      key.setAttribute("aria-pressed", String(!off.includes(this.curves.sources[at]))),
    );
  }

  /** Say where the cursors are. */
  read({ units, dose, volume }) {
    const fields = { dose: [dose * units.perDose, units.dose], volume: [volume, units.volume] };
    for (const [trait, [value, unit]] of Object.entries(fields)) {
      const { input, unit: sign } = this.fields[trait];
      const text = Number.isFinite(value) ? String(Number(value.toFixed(3))) : "";
      if (input.value !== text) input.value = text;
      sign.textContent = unit;
    }
  }
}
