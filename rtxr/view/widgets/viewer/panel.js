// Beside the planes: window, dose, structures, and how a second dataset is shown.

const SWATCH = /^#[0-9a-f]{6}$/i;

class Panel {
  constructor(viewer, parent) {
    this.viewer = viewer;
    this.model = viewer.model;
    this.root = node("div", "rtxr-viewer-panel", parent);
    this.rows = new Map();
    this.name = unique("rtxr-viewer");
    this.taking = {}; // trait > how its controls follow it
    if (viewer.scene.hasImage) this.buildWindow();
    if (Object.keys(viewer.scene.doses).length) this.buildDose();
    if (viewer.scene.other) this.buildOther();
    if (viewer.every.length) this.buildStructures();
    for (const name of Object.keys(this.taking)) this.take(name);
  }

  take(name) {
    this.taking[name]?.();
  }

  section(title) {
    const part = node("section", "", this.root);
    const head = node("h4", "", part);
    node("span", "", head).textContent = title;
    return { part, head };
  }

  /** An input that follows a trait and sets it. */
  input(parent, label, name, attributes, read, write) {
    const field = node("label", "rtxr-viewer-field", parent);
    node("span", "", field).textContent = label;
    const made = node("input", "", field, { ...OWN_KEYS, ...attributes, "aria-label": label });
    const event = attributes.type === "range" ? "input" : "change";
    made.addEventListener(event, () => {
      const value = write(made.value);
      if (value === undefined) this.take(name);
      else if (name === "window") this.viewer.setWindow(0, value);
      else this.viewer.say(name, value);
    });
    this.follow(name, () => (made.value = read(this.model.get(name))));
    return made;
  }

  follow(name, take) {
    const earlier = this.taking[name];
    this.taking[name] = () => {
      earlier?.();
      take();
    };
  }

  check(parent, label, name) {
    const field = node("label", "rtxr-viewer-check", parent);
    const made = node("input", "", field, { ...OWN_KEYS, type: "checkbox" });
    node("span", "", field).textContent = label;
    made.addEventListener("change", () => this.viewer.say(name, made.checked));
    this.follow(name, () => (made.checked = this.model.get(name)));
  }

  button(parent, text, act, title = "") {
    const made = node("button", "", parent, { ...OWN_KEYS, type: "button", title });
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  // --- window -----------------------------------------------------------------------------------
  buildWindow() {
    const { part } = this.section("Window");
    const { presets, units } = this.viewer.scene;
    if (presets.length) {
      const about = { ...OWN_KEYS, "aria-label": "Window preset" };
      const choice = node("select", "", part, about);
      node("option", "", choice, { value: "" }).textContent = "Custom";
      for (const [name] of presets) node("option", "", choice, { value: name }).textContent = name;
      choice.addEventListener("change", () => {
        const found = presets.find(([name]) => name === choice.value);
        if (found) this.viewer.setWindow(0, found.slice(1));
      });
      this.follow("window", () => {
        const [width, level] = this.model.get("window");
        const same = presets.find(([, w, l]) => w === width && l === level);
        choice.value = same?.[0] ?? "";
      });
    }
    const line = node("div", "rtxr-viewer-line", part);
    ["Width", "Level"].forEach((label, at) => {
      const read = (value) => String(Number(value[at].toPrecision(6)));
      const write = (text) => {
        const value = [...this.model.get("window")];
        value[at] = Number(text);
        return text.trim() && value[0] > 0 && Number.isFinite(value[at]) ? value : undefined;
      };
      const input = this.input(line, label, "window", { type: "text", inputmode: "decimal" }, read, write);
      input.title = `${label} of the grey scale${units ? `, ${units}` : ""}`;
    });
  }

  // --- dose -------------------------------------------------------------------------------------
  buildDose() {
    const { part } = this.section("Dose");
    const { model, viewer } = this;
    const names = Object.keys(viewer.scene.doses);
    const choice = node("select", "", part, { ...OWN_KEYS, "aria-label": "Dose" });
    for (const name of [...names, ""])
      node("option", "", choice, { value: name }).textContent = name || "no dose";
    choice.addEventListener("change", () => viewer.say("dose", choice.value));
    this.follow("dose", () => (choice.value = model.get("dose")));
    choice.hidden = names.length < 2;

    const checks = node("div", "rtxr-viewer-line", part);
    this.check(checks, "Wash", "wash");
    this.check(checks, "Isodoses", "isolines");
    const percent = (value) => Math.round(value * 100);
    this.input(part, "Opacity", "opacity", { type: "range", min: 0, max: 100 }, percent,
      (text) => Number(text) / 100);
    const valid = (text) => (Number.isNaN(dose(text, 1)) ? undefined : text.trim());
    const above = this.input(part, "Above", "threshold", { type: "text" }, String, valid);
    above.title = "Wash from this dose on: Gy, or % of the prescription";
    const list = (text) => {
      const levels = text.split(/[,;]+/).map((each) => each.trim()).filter(Boolean);
      return levels.every(valid) ? levels : undefined;
    };
    const join = (levels) => levels.join(", ");
    const lines = this.input(part, "Levels", "isodoses", { type: "text" }, join, list);
    lines.title = "Isodose lines: Gy, or % of the prescription, such as 95%, 50%, 20";
    this.scale = node("div", "rtxr-viewer-scale", part);
    this.told = node("div", "rtxr-viewer-quiet", part);
    for (const name of ["isodoses", "prescription", "_palette", "dose", "_full"])
      this.follow(name, () => this.drawScale());
  }

  /** The colours of the wash with the isodoses on them, and what is 100 %. */
  drawScale() {
    const { viewer, model } = this;
    const colors = [0, 36, 73, 109, 146, 182, 219, 255].map((at) => `rgb(${viewer.color(at)})`);
    this.scale.style.background = `linear-gradient(to right, ${colors})`;
    this.scale.replaceChildren();
    const top = viewer.top();
    for (const { gray, text } of viewer.levels())
      if (gray <= top) {
        const mark = node("span", "", this.scale);
        mark.style.left = `${(100 * gray) / top}%`;
        mark.title = `${text}: ${gray.toFixed(2)} ${viewer.doseUnits()}`;
      }
    const full = model.get("prescription");
    const from = { plan: "plan", given: "given", maximum: "highest dose" }[model.get("_full")];
    const units = viewer.doseUnits();
    this.told.textContent = `0 – ${top.toFixed(1)} ${units} · 100 % = ${full.toFixed(1)} ${units} (${from})`;
  }

  // --- second dataset -----------------------------------------------------------------------------
  buildOther() {
    const { part } = this.section("Second dataset");
    const { model, viewer } = this;
    const line = node("div", "rtxr-viewer-line", part);
    const choice = node("select", "", line, { ...OWN_KEYS, "aria-label": "Second dataset" });
    for (const [value, text] of [["side", "Side by side"], ["blend", "Blended"]])
      node("option", "", choice, { value }).textContent = text;
    choice.addEventListener("change", () => viewer.say("compare", choice.value));
    const percent = (value) => Math.round(value * 100);
    const share = { type: "range", min: 0, max: 100 };
    const slider = this.input(line, "Share", "blend", share, percent, (text) => Number(text) / 100);
    this.follow("compare", () => {
      choice.value = model.get("compare");
      slider.disabled = choice.value !== "blend";
    });
  }

  // --- structures ---------------------------------------------------------------------------------
  buildStructures() {
    const { part, head } = this.section("Structures");
    part.classList.add("rtxr-viewer-structures");
    const { viewer } = this;
    this.button(head, "All", () => viewer.say("rois", viewer.every), "Show all structures");
    this.button(head, "None", () => viewer.say("rois", []), "Hide all structures");
    const about = { role: "listbox", "aria-label": "Structures", tabindex: 0, ...OWN_KEYS };
    this.list = node("div", "rtxr-viewer-list", part, about);
    for (const label of viewer.every) this.rows.set(label, this.row(label));
    this.list.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["rois", "roi", "colors"]) this.follow(name, () => this.drawRows());
  }

  row(label) {
    const { viewer } = this;
    const id = `${this.name}-${this.rows.size}`;
    const about = { id, role: "option", "data-roi": label, title: `${label}: click to highlight, double click to go there` };
    const element = node("div", "rtxr-viewer-row", this.list, about);
    const off = { ...OWN_KEYS, tabindex: -1 };
    const shown = node("input", "", element, { ...off, type: "checkbox", "aria-label": `Show ${label}` });
    shown.addEventListener("change", () => viewer.toggleRoi(label));
    const color = node("input", "", element, { ...off, type: "color", "aria-label": `Colour of ${label}` });
    color.addEventListener("input", () => viewer.say("colors", { ...viewer.colors, [label]: color.value }));
    node("span", "rtxr-viewer-name", element).textContent = label;
    const go = this.button(element, "", () => viewer.jump(label), `Go to ${label}`);
    go.setAttribute("aria-label", `Go to ${label}`);
    go.tabIndex = -1;
    element.addEventListener("click", (event) => {
      if (event.target.matches("input, button")) return;
      this.list.focus({ preventScroll: true });
      viewer.say("roi", viewer.model.get("roi") === label ? "" : label);
    });
    element.addEventListener("dblclick", () => viewer.jump(label));
    return { element, shown, color };
  }

  key(event) {
    const act = {
      ArrowDown: () => this.viewer.nextRoi(1),
      ArrowUp: () => this.viewer.nextRoi(-1),
      " ": () => this.viewer.toggleRoi(),
      Enter: () => this.viewer.jump(),
      c: () => this.rows.get(this.model.get("roi"))?.color.click(),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  drawRows() {
    const { shown, colors } = this.viewer;
    const highlighted = this.model.get("roi");
    for (const [label, row] of this.rows) {
      row.shown.checked = shown.has(label);
      if (SWATCH.test(colors[label] ?? "")) row.color.value = colors[label];
      row.element.classList.toggle("off", !shown.has(label));
      row.element.setAttribute("aria-selected", label === highlighted);
    }
    const active = this.rows.get(highlighted)?.element.id ?? "";
    this.list.setAttribute("aria-activedescendant", active);
    const { offsetTop: top, offsetHeight: high } = this.rows.get(highlighted)?.element ?? {};
    if (top === undefined || highlighted === this.reached) return;
    this.reached = highlighted;
    const { scrollTop, clientHeight } = this.list;
    if (top < scrollTop) this.list.scrollTop = top;
    else if (top + high > scrollTop + clientHeight) this.list.scrollTop = top + high - clientHeight;
  }
}
