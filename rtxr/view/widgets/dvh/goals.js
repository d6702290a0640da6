// The goals below the table: what is asked, what it is, and whether that is enough.

class Goals {
  constructor(place, curves, choose) {
    const { goals } = curves.about;
    Object.assign(this, { curves, choose, swatches: [], badges: [] });
    if (!goals.length) return;
    const asked = (at) => goals.some((goal) => goal.results[at]);
    this.places = curves.sources.map((_, at) => at).filter(asked);
    const box = node("div", "rtxr-dvh-goals", place);
    const table = node("table", "rtxr-dvh-table", box);
    const head = node("tr", "", node("thead", "", table));
    for (const title of this.titles()) node("th", "", head).textContent = title;
    const body = node("tbody", "", table);
    for (const goal of goals) this.row(body, goal);
  }

  titles() {
    const { goals } = this.curves.about;
    const met = (at) => {
      const told = goals.map((goal) => goal.results[at]).filter(Boolean);
      return `${told.filter(([status]) => status === "pass").length} of ${told.length} met`;
    };
    if (this.places.length === 1) return [`Goals: ${met(this.places[0])}`, "", "Result"];
    return ["Goals", "", ...this.places.map((at) => `${this.curves.sources[at]}: ${met(at)}`)];
  }

  row(body, goal) {
    const row = node("tr", "", body);
    const cell = node("td", "rtxr-dvh-name", row);
    const swatch = node("span", "rtxr-dvh-swatch dot", cell);
    if (goal.roi !== null) this.swatches.push([swatch, goal.roi]);
    node("span", "rtxr-dvh-roi", cell).textContent = goal.name;
    const text = node("td", "", row);
    text.textContent = goal.text;
    if (goal.dose === null || goal.share === null) text.title = "Not a point of the curve";
    for (const at of this.places) this.result(node("td", "", row), goal.results[at]);
    if (goal.roi !== null) row.addEventListener("click", () => this.choose(goal.roi));
  }

  result(cell, told) {
    if (!told) return;
    const [status, value] = told;
    const [sign] = this.curves.about.signs[status];
    const badge = node("span", "rtxr-dvh-status", cell);
    this.badges.push([badge, status]);
    badge.textContent = `${sign} ${status}`;
    node("span", "", cell).textContent = value;
  }

  dress({ color, signOf }) {
    for (const [swatch, roi] of this.swatches) swatch.style.setProperty("--roi", color(roi));
    for (const [badge, status] of this.badges)
      badge.style.setProperty("--status", signOf(status)[1]);
  }
}
