// The rows of a pruning tree: which are there, given folds and a filter, and what they come to.
// What a filter leaves and what the checked series mean is decided in Python (series_tree.py,
// series_choice.py).

const UNFOLDED = 60; // series of the largest tree that starts unfolded
const SIGNS = [["error", "✕"], ["warning", "!"], ["info", "i"]];

/** What can be seen of a tree, given folds and a filter. Rows are numbered, groups first. */
class Rows {
  constructor({ groups, series }) {
    this.groups = groups;
    this.series = series;
    this.count = series.kind.length;
    this.objects = sums(this.count, (at) => series.objects[at]);
    this.bytes = sums(this.count, (at) => series.bytes[at]);
    const several = groups.level.filter((level) => level === 0).length > 1;
    const large = this.count > UNFOLDED;
    this.folds = groups.level.map((level) => large && (level === 1 || several));
    this.filteredFolds = groups.level.map(() => false);
    this.setBadges(null);
  }

  setBadges(badges) {
    this.badges = badges ?? {};
    this.found = SIGNS.map((_, kind) => sums(this.count, (at) => this.badges[at]?.[kind] ?? 0));
  }

  setShown(shown) {
    this.shown = shown;
    this.shownIn = sums(this.count, (at) => shown[at]);
    this.filtered = this.shownIn(0, this.count) < this.count;
    this.filteredFolds.fill(false);
  }

  setKept(kept) {
    this.kept = kept;
    const of = (values) => sums(this.count, (at) => kept[at] * values[at]);
    this.keptIn = sums(this.count, (at) => kept[at]);
    this.keptShownIn = sums(this.count, (at) => kept[at] & this.shown[at]);
    this.keptObjects = of(this.series.objects);
    this.keptBytes = of(this.series.bytes);
  }

  get folded() {
    return this.filtered ? this.filteredFolds : this.folds;
  }

  isGroup = (row) => row < this.groups.level.length;
  level = (row) => (this.isGroup(row) ? this.groups.level[row] : 2);

  range(row) {
    const at = row - this.groups.level.length;
    return this.isGroup(row) ? [this.groups.first[row], this.groups.end[row]] : [at, at + 1];
  }

  state(row) {
    const range = this.range(row);
    const kept = this.keptShownIn(...range);
    if (!kept) return "false";
    return kept === this.shownIn(...range) ? "true" : "mixed";
  }

  /** Numbers of the rows in sight, and of each its place among how many beside it. */
  listed() {
    const { level, first, end } = this.groups;
    const rows = [];
    let hiddenBefore = 0; // of a folded patient, where its series end
    level.forEach((depth, row) => {
      if (!this.shownIn(first[row], end[row]) || first[row] < hiddenBefore) return;
      rows.push(row);
      if (this.folded[row]) hiddenBefore = depth === 0 ? end[row] : hiddenBefore;
      else if (depth === 1)
        for (let at = first[row]; at < end[row]; at++)
          if (this.shown[at]) rows.push(level.length + at);
    });
    return { rows, places: this.places(rows) };
  }

  places(rows) {
    const open = [[], [], []];
    const places = new Array(rows.length);
    const close = (level) => {
      open[level].forEach((at, place) => (places[at] = [place + 1, open[level].length]));
      open[level] = [];
    };
    rows.forEach((row, at) => {
      for (let below = this.level(row) + 1; below < 3; below++) close(below);
      open[this.level(row)].push(at);
    });
    [2, 1, 0].forEach(close);
    return places;
  }
}
