// The pruning tree on a page: draws the rows that are in sight and says what was checked.

const ROW = 26; // px, as in style.css
const MOST = 420; // px of rows in sight
const AROUND = 6; // rows drawn above and below those in sight
const PAGE = Math.floor(MOST / ROW) - 1;
const KEYS = "↑↓ move · ←→ fold · Space check · / filter";
const MOVES = { ArrowUp: -1, ArrowDown: 1, PageUp: -PAGE, PageDown: PAGE };

class View {
  constructor(model, el) {
    this.model = model;
    this.name = unique("rtxr-prune");
    this.rows = new Rows(model.get("_tree"));
    this.elements = new Map(); // of the rows that are drawn, by number
    this.active = 0; // number of the row that keys are about
    this.build(el);
    this.listen();
    this.takeShown();
    this.takeBadges();
    this.takeUndoable();
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this.tree);
  }

  build(el) {
    this.root = node("div", "rtxr-widget rtxr-prune", el);
    this.undress = followTheme(this.root);
    const tools = { role: "toolbar", "aria-label": "Pruning" };
    const bar = node("div", "rtxr-prune-bar", this.root, tools);
    const hint = "Filter by patient, date, description, modality …";
    const filter = { ...OWN_KEYS, type: "search", placeholder: hint, "aria-label": hint };
    this.input = node("input", "", bar, filter);
    this.input.value = this.model.get("filter");
    this.all = this.button(bar, () => this.set(0, this.rows.count, 1));
    this.none = this.button(bar, () => this.set(0, this.rows.count, 0));
    this.fold = this.button(bar, () => this.foldAll());
    this.undo = this.button(bar, () => this.model.send({ ask: "undo" }));
    this.undo.textContent = "Undo";
    const head = node("div", "rtxr-prune-head", this.root, { "aria-hidden": "true" });
    for (const title of ["Patient › study › series", "Findings", "Objects", "Size"])
      node("span", "", head).textContent = title;
    const label = "Patients, studies and series";
    const about = { ...OWN_KEYS, role: "tree", tabindex: 0, "aria-label": label };
    this.tree = node("div", "rtxr-prune-tree", this.root, about);
    this.space = node("div", "", this.tree, { role: "none" });
    const foot = node("div", "rtxr-prune-foot", this.root);
    this.status = node("span", "", foot, { role: "status" });
    this.hint = node("span", "rtxr-prune-keys", foot);
  }

  button(bar, act) {
    const made = node("button", "", bar, { ...OWN_KEYS, type: "button" });
    made.addEventListener("click", act);
    return made;
  }

  listen() {
    this.input.addEventListener("input", () => this.say("filter", this.input.value));
    this.tree.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    this.tree.addEventListener("click", (event) => this.click(event));
    this.root.addEventListener("keydown", (event) => this.key(event));
  }

  say(trait, value) {
    this.model.set(trait, value);
    this.model.save_changes();
  }

  // --- state that Python shares -----------------------------------------------------------------
  takeShown() {
    this.rows.setShown(unpacked(this.model.get("_shown"), this.rows.count));
    this.rows.setKept(unpacked(this.model.get("_kept"), this.rows.count));
    this.all.textContent = this.rows.filtered ? "Select shown" : "Select all";
    this.none.textContent = this.rows.filtered ? "Deselect shown" : "Select none";
    this.tree.scrollTop = 0;
    this.list();
  }

  takeKept() {
    this.rows.setKept(unpacked(this.model.get("_kept"), this.rows.count));
    this.draw();
  }

  takeBadges() {
    this.rows.setBadges(this.model.get("_badges"));
    this.draw();
  }

  takeUndoable() {
    this.undo.disabled = this.model.get("_undoable") === 0;
  }

  takeFilter() {
    if (this.input.value !== this.model.get("filter")) this.input.value = this.model.get("filter");
  }

  // --- what is done on this page ----------------------------------------------------------------
  /** Check or uncheck what is shown of some series. */
  set(first, end, flag) {
    const { kept, shown } = this.rows;
    const changed = (old, at) => (at >= first && at < end && shown[at] ? flag : old);
    this.say("_kept", packed(kept.map(changed)));
  }

  toggle(row) {
    this.set(...this.rows.range(row), this.rows.state(row) === "true" ? 0 : 1);
  }

  setFold(row, folded) {
    this.rows.folded[row] = folded;
    this.list();
  }

  foldAll() {
    this.rows.folded.fill(!this.rows.folded.some(Boolean));
    this.list();
    this.reveal();
  }

  click(event) {
    const element = event.target.closest("[role=treeitem]");
    if (!element) return;
    const row = Number(element.dataset.row);
    const onBox = event.target.closest(".rtxr-prune-box");
    this.active = row;
    this.tree.focus({ preventScroll: true });
    if (onBox || !this.rows.isGroup(row)) this.toggle(row);
    else this.setFold(row, !this.rows.folded[row]);
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== "z" || event.target === this.input) return;
      this.model.send({ ask: "undo" });
    } else if (event.altKey || !this.keyed(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Do what a key is for; whether it is for anything. */
  keyed(event) {
    if (event.target === this.input) return this.keyedInFilter(event.key);
    if (event.key === "/") this.input.focus();
    else if (event.target !== this.tree || !this.listed.length) return false;
    else if (event.key in MOVES) this.move(MOVES[event.key]);
    else if (event.key === "Home") this.move(-Infinity);
    else if (event.key === "End") this.move(Infinity);
    else if (event.key === "ArrowRight") this.inwards();
    else if (event.key === "ArrowLeft") this.outwards();
    else if (event.key === " ") this.toggle(this.active);
    else if (event.key === "Enter") this.enter();
    else return false;
    return true;
  }

  keyedInFilter(key) {
    if (key === "Escape" && this.input.value) {
      this.input.value = "";
      this.say("filter", "");
    } else if (key === "ArrowDown" || key === "Enter") this.tree.focus();
    else return false;
    return true;
  }

  enter() {
    if (this.rows.isGroup(this.active)) this.setFold(this.active, !this.rows.folded[this.active]);
    else this.toggle(this.active);
  }

  inwards() {
    if (!this.rows.isGroup(this.active)) return;
    if (this.rows.folded[this.active]) this.setFold(this.active, false);
    else this.move(1);
  }

  outwards() {
    if (this.rows.isGroup(this.active) && !this.rows.folded[this.active])
      return this.setFold(this.active, true);
    const level = this.rows.level(this.active);
    let at = this.placeOf.get(this.active);
    while (at > 0 && this.rows.level(this.listed[at]) >= level) at--;
    this.move(at - this.placeOf.get(this.active));
  }

  move(by) {
    const at = (this.placeOf.get(this.active) ?? 0) + by;
    this.active = this.listed[Math.max(0, Math.min(this.listed.length - 1, at))];
    this.reveal();
  }

  /** Scroll the active row into sight. */
  reveal() {
    const top = (this.placeOf.get(this.active) ?? 0) * ROW;
    const { scrollTop, clientHeight } = this.tree;
    if (top < scrollTop) this.tree.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.tree.scrollTop = top + ROW - clientHeight;
    this.draw();
  }

  // --- drawing ----------------------------------------------------------------------------------
  /** Find out again which rows there are: folds or the filter have changed. */
  list() {
    const { rows, places } = this.rows.listed();
    this.listed = rows;
    this.places = places;
    this.placeOf = new Map(rows.map((row, at) => [row, at]));
    if (!this.placeOf.has(this.active)) this.active = this.nearest();
    this.space.style.height = `${rows.length * ROW}px`;
    this.tree.style.height = `${Math.max(2 * ROW, Math.min(rows.length * ROW, MOST))}px`;
    this.fold.textContent = this.rows.folded.some(Boolean) ? "Unfold all" : "Fold all";
    this.draw();
  }

  /** The innermost listed group of the active row, else the first row. */
  nearest() {
    const [first] = this.rows.range(this.active);
    const holds = (row) => this.rows.range(row)[0] <= first && first < this.rows.range(row)[1];
    const groups = this.listed.filter((row) => this.rows.isGroup(row) && holds(row));
    return groups.at(-1) ?? this.listed[0] ?? 0;
  }

  drawSoon() {
    this.waiting ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.waiting = undefined;
    const first = Math.max(0, Math.floor(this.tree.scrollTop / ROW) - AROUND);
    const end = Math.min(this.listed.length, first + Math.ceil(MOST / ROW) + 2 * AROUND);
    const drawn = new Set(this.listed.slice(first, end));
    for (const [row, element] of this.elements)
      if (!drawn.has(row)) {
        element.remove();
        this.elements.delete(row);
      }
    for (let at = first; at < end; at++) this.drawRow(this.listed[at], at);
    const active = this.listed.length ? `${this.name}-${this.active}` : "";
    this.tree.setAttribute("aria-activedescendant", active);
    this.drawStatus();
  }

  drawRow(row, at) {
    if (!this.elements.has(row)) this.elements.set(row, this.newRow(row));
    const element = this.elements.get(row);
    const [place, among] = this.places[at];
    const state = this.rows.state(row);
    const attributes = { "aria-checked": state, "aria-posinset": place, "aria-setsize": among };
    if (this.rows.isGroup(row)) attributes["aria-expanded"] = !this.rows.folded[row];
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.classList.toggle("active", row === this.active);
    element.style.transform = `translateY(${at * ROW}px)`;
    if (this.rows.isGroup(row)) this.drawPart(row, element.querySelector(".rtxr-prune-part"));
    this.drawBadges(row, element.children[1]);
  }

  newRow(row) {
    const { rows } = this;
    const range = rows.range(row);
    const level = rows.level(row);
    const at = range[0];
    const group = rows.isGroup(row);
    const element = node("div", "rtxr-prune-row", this.space, {
      role: "treeitem",
      id: `${this.name}-${row}`,
      "data-row": row,
      "aria-level": level + 1,
    });
    const name = node("span", "rtxr-prune-name", element);
    name.style.paddingLeft = `${level * 20}px`;
    node("span", "rtxr-prune-twist", name);
    node("span", "rtxr-prune-box", name);
    const text = (part, content) => {
      if (content) node("span", `rtxr-prune-${part}`, name).textContent = content;
    };
    if (level === 2) text("kind", rows.series.kind[at] || "(none)");
    if (level === 1) text("detail", rows.groups.detail[row]);
    text("title", group ? rows.groups.title[row] : rows.series.title[at] || "(no description)");
    if (level === 2 && rows.series.number[at]) text("detail", `series ${rows.series.number[at]}`);
    if (group) node("span", "rtxr-prune-detail rtxr-prune-part", name);
    name.title = name.querySelector(".rtxr-prune-title").textContent;
    node("span", "rtxr-prune-badges", element);
    node("span", "rtxr-prune-number", element).textContent = number(rows.objects(...range));
    node("span", "rtxr-prune-number", element).textContent = size(rows.bytes(...range));
    return element;
  }

  /** How many series of a group are checked, hidden ones too: what a folded group holds. */
  drawPart(row, cell) {
    const range = this.rows.range(row);
    const [kept, count] = [this.rows.keptIn(...range), range[1] - range[0]];
    const text = `${kept === count ? "" : `${number(kept)} of `}${number(count)} series`;
    if (cell.textContent !== text) cell.textContent = text;
  }

  drawBadges(row, cell) {
    const range = this.rows.range(row);
    const counts = this.rows.found.map((found) => found(...range));
    if (cell.dataset.counts === String(counts)) return;
    cell.dataset.counts = counts;
    cell.replaceChildren();
    const codes = this.rows.isGroup(row) ? "" : this.rows.badges[range[0]]?.[3];
    SIGNS.forEach(([severity, sign], kind) => {
      if (!counts[kind]) return;
      const told = `${counts[kind]} ${severity}${counts[kind] > 1 && kind < 2 ? "s" : ""}`;
      const badge = node("span", "rtxr-prune-badge", cell, { role: "img", "aria-label": told });
      badge.style.setProperty("--severity", `var(--rtxr-${severity})`);
      badge.textContent = `${sign} ${number(counts[kind])}`;
      badge.title = codes || told;
    });
  }

  drawStatus() {
    const { rows } = this;
    const every = [0, rows.count];
    const of = (kept, all) => (kept === all ? kept : `${kept} of ${all}`);
    const parts = [
      `${of(number(rows.keptIn(...every)), number(rows.count))} series`,
      `${of(number(rows.keptObjects(...every)), number(rows.objects(...every)))} objects`,
      size(rows.keptBytes(...every)),
    ];
    const shown = rows.shownIn(...every);
    const text = parts.join(" · ") + (rows.filtered ? ` (filter shows ${number(shown)})` : "");
    if (this.status.textContent !== text) this.status.textContent = text;
    const codes = rows.isGroup(this.active) ? "" : rows.badges[rows.range(this.active)[0]]?.[3];
    this.hint.textContent = codes ? codes.replaceAll("\n", " · ") : KEYS;
  }

  close() {
    this.sized.disconnect();
    this.undress();
    if (this.waiting !== undefined) cancelAnimationFrame(this.waiting);
  }
}

function render({ model, el }) {
  const view = new View(model, el);
  const changes = {
    "change:_shown": () => view.takeShown(),
    "change:_kept": () => view.takeKept(),
    "change:_badges": () => view.takeBadges(),
    "change:_undoable": () => view.takeUndoable(),
    "change:filter": () => view.takeFilter(),
  };
  for (const [name, take] of Object.entries(changes)) model.on(name, take);
  if (model.get("_badges") === null) model.send({ ask: "findings" });
  return () => {
    for (const [name, take] of Object.entries(changes)) model.off(name, take);
    view.close();
  };
}

export default { render };
