// Pictures of planes that a page has seen, and those that it asks Python for.

const MOST_BYTES = 128e6;
const LEAST = 8; // pictures kept, however large: those in sight would be asked for without end
const AHEAD = 4; // planes asked for at a time before they are wanted
const REACH = 30; // how many there are at most, in the direction of the last step

class Store {
  /** `took` is called when a picture has come. */
  constructor(model, took) {
    this.model = model;
    this.took = took;
    this.pictures = new Map(); // oldest first
    this.bytes = 0;
    this.asked = new Set();
    this.wanted = new Map();
    this.answered = false;
  }

  static key = ({ source, pane, index, dose }) => `${source} ${pane} ${index} ${dose}`;

  /** The picture of a plane, as far as it is here; else it is wanted. */
  want(request) {
    const key = Store.key(request);
    const found = this.pictures.get(key);
    if (found) {
      this.pictures.delete(key); // and back in, as the newest
      this.pictures.set(key, found);
    }
    if (!found?.lines && !this.asked.has(key)) this.wanted.set(key, request);
    return found;
  }

  /** Ask for what is wanted now and forget what was wanted before: one question at a time. */
  ask(ahead) {
    if (this.asked.size) return;
    let requests = [...this.wanted.values()];
    // The very first answer is quick: one plane, before the structures are read.
    if (!this.answered) requests = requests.slice(0, 1);
    const known = (key) => this.pictures.has(key) || this.wanted.has(key);
    const unknown = ahead(this.reach()).filter((each) => !known(Store.key(each)));
    requests.push(...unknown.slice(0, AHEAD));
    if (!requests.length) return;
    for (const each of requests) this.asked.add(Store.key(each));
    this.wanted.clear();
    this.model.send({ ask: "pictures", pictures: requests, whole: this.answered });
  }

  /** Planes ahead that leave room for those that were seen. */
  reach() {
    const usual = this.bytes / Math.max(this.pictures.size, 1);
    return Math.min(REACH, Math.floor(MOST_BYTES / 4 / Math.max(usual, 1)));
  }

  take(content, buffers) {
    const request = content.picture;
    const key = Store.key(request);
    this.asked.delete(key);
    this.answered = true;
    const { failed } = content;
    this.keep(key, {
      ...request,
      failed,
      image: decodeLayer(content.image, buffers),
      dose: decodeLayer(content.dose, buffers),
      lines: failed ? NO_LINES : decodeLines(content.lines, buffers),
    });
    this.took(request);
  }

  keep(key, picture) {
    const size = (each) => (each?.bytes ?? 0) + 4096;
    const bytes = (each) => size(each.image) + size(each.dose) + size(each.lines);
    const earlier = this.pictures.get(key);
    if (earlier) this.bytes -= bytes(earlier);
    this.pictures.delete(key);
    this.pictures.set(key, picture);
    this.bytes += bytes(picture);
    for (const [oldest, each] of this.pictures) {
      if (this.bytes <= MOST_BYTES || this.pictures.size <= LEAST) break;
      this.pictures.delete(oldest);
      this.bytes -= bytes(each);
    }
  }
}
