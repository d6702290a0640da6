// Below the planes: what is under the pointer, else at the cross-hair.

class Readout {
  constructor(viewer, parent) {
    this.viewer = viewer;
    this.told = node("output", "rtxr-viewer-told", parent, { "aria-live": "off" });
  }

  /** The pointer is on a plane, or on none. */
  point(pane, x, y) {
    this.pointed = pane && { pane, x, y };
    this.viewer.frames.soon();
  }

  tell() {
    const { viewer } = this;
    const { pane, x, y } = this.pointed ?? { pane: viewer.paneOf(viewer.active) };
    if (pane.picture?.index !== viewer.indexOf(pane.spec) || !pane.visible) return;
    const place = this.pointed ? pane.placeOf(x, y) : viewer.place;
    const text = pane.picture.failed ?? this.toldAt(pane, place);
    if (text !== this.text) this.told.textContent = this.text = text;
  }

  toldAt(pane, place) {
    const { spec, source, picture, twin } = pane;
    const { scene } = this.viewer;
    const own = [place[spec.across], place[spec.up]];
    const at = scene.isPile ? place : Object.values(this.viewer.toPatient(place));
    const axes = ["x", "y", "z"].slice(0, scene.isPile ? 2 : 3);
    const where = axes.map((axis, number) => `${axis} ${fixed(at[number])}`).join("  ");
    const parts = [`${where} mm`, ...this.values(picture, source, own)];
    const second = twin ? this.values(twin, 1, own) : [];
    if (second.length) parts.push(`2nd: ${second.join(", ")}`);
    return parts.join(" · ");
  }

  /** What a picture has at a place: image, dose, names of ROIs. */
  values({ image, dose: layer, lines }, source, own) {
    const { viewer } = this;
    const found = [];
    const { units, note } = source ? viewer.scene.other : viewer.scene;
    const value = image && voxelAt(image, ...own);
    if (typeof value === "number" && !Number.isNaN(value))
      found.push(`${Number(value.toPrecision(6))} ${units === "1" ? "" : units}`.trim());
    const gray = layer ? valueAt(layer, ...own) : NaN;
    if (!Number.isNaN(gray)) {
      const full = viewer.model.get("prescription");
      const percent = full ? ` (${((100 * gray) / full).toFixed(1)} %)` : "";
      found.push(`${gray.toFixed(2)} ${viewer.doseUnits()}${percent}`);
    }
    const rois = lines ? roisAt(lines, ...own) : [];
    if (rois.length) found.push(rois.map((number) => viewer.labels[source][number]).join(", "));
    if (note) found.push(note);
    return found;
  }
}
