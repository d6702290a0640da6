// Cross-hair and texts of a plane: elements over its canvas, which move while its pixels stay.

class Marks {
  /** Letters of the sides: left, right, low, top, or none. */
  constructor(letters, parent) {
    this.lines = ["row", "column"].map((kind) => node("i", `rtxr-viewer-cross ${kind}`, parent));
    const sides = ["left", "right", "low", "top"];
    letters.forEach((letter, at) => {
      node("b", `rtxr-viewer-letter ${sides[at]}`, parent).textContent = letter;
    });
    this.told = node("div", "rtxr-viewer-caption", parent);
    this.told.classList.toggle("wide", !letters.length);
    this.parts = [];
  }

  cross(shown, x, y) {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [row, column] = this.lines;
    row.hidden = column.hidden = !shown;
    row.style.transform = `translateY(${top}px)`;
    column.style.transform = `translateX(${left}px)`;
    row.style.setProperty("--at", `${left}px`);
    column.style.setProperty("--at", `${top}px`);
  }

  /** Texts in the corner, the most important first: those that find no room are not seen. */
  caption(parts) {
    parts.forEach((text, at) => {
      if (this.parts[at] === text) return;
      this.parts[at] = text;
      (this.told.children[at] ?? node("span", "", this.told)).textContent = text;
    });
  }
}
