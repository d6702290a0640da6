// When planes are drawn: those under a person's hand at once, all else in frames that leave time.

const PATIENCE = 6; // frames that all else waits for at most, while keys are held

class Frames {
  constructor(viewer) {
    this.viewer = viewer;
    this.early = false; // whether the leading planes were drawn for the next frame already
    this.waited = 0;
  }

  soon() {
    this.waiting ??= requestAnimationFrame(() => this.frame());
  }

  /** Draw the leading planes, if there was time since the last frame for nothing else. */
  now() {
    if (!this.early) this.early = this.lead();
    this.soon();
  }

  lead() {
    const due = this.viewer.leading().filter((pane) => pane.due);
    for (const pane of due) pane.draw();
    return due.length > 0;
  }

  frame() {
    this.waiting = undefined;
    const drawn = this.lead() || this.early;
    this.early = false;
    if (drawn && this.waited++ < PATIENCE) {
      this.soon();
      return;
    }
    this.waited = 0;
    this.viewer.settle();
  }

  close() {
    cancelAnimationFrame(this.waiting);
  }
}
