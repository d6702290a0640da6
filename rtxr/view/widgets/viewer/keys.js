// Keys of the viewer: a table of what each does, which is also the help that is shown.

const PAGE_STEP = 10;
const TILT = 0.05; // of the width, that a key moves the level or changes the width by

/** What a key does to a viewer, on a plane, and how it is told. */
const KEYS = [
  [["ArrowUp", "ArrowRight"], "↑ →", "next plane", (v, pane) => v.step(pane, 1)],
  [["ArrowDown", "ArrowLeft"], "↓ ←", "previous plane", (v, pane) => v.step(pane, -1)],
  [["PageUp"], "Page ↑", "ten planes on", (v, pane) => v.step(pane, PAGE_STEP)],
  [["PageDown"], "Page ↓", "ten planes back", (v, pane) => v.step(pane, -PAGE_STEP)],
  [["Home"], "Home", "first plane", (v, pane) => v.step(pane, -Infinity)],
  [["End"], "End", "last plane", (v, pane) => v.step(pane, Infinity)],
  [["+", "="], "+", "zoom in", (v) => v.zoomBy(1.25)],
  [["-"], "−", "zoom out", (v) => v.zoomBy(0.8)],
  [["0"], "0", "all of the plane", (v) => v.reset()],
  [["["], "[", "level down", (v) => v.rewindow(0, 0, -TILT)],
  [["]"], "]", "level up", (v) => v.rewindow(0, 0, TILT)],
  [["{"], "{", "width down", (v) => v.rewindow(0, -TILT, 0)],
  [["}"], "}", "width up", (v) => v.rewindow(0, TILT, 0)],
  [["w"], "w", "next window preset", (v) => v.nextPreset()],
  [["d"], "d", "dose wash", (v) => v.toggle("wash")],
  [["i"], "i", "isodose lines", (v) => v.toggle("isolines")],
  [["c"], "c", "contours", (v) => v.toggle("contours")],
  [["x"], "x", "cross-hair", (v) => v.toggle("crosshair")],
  [["v"], "v", "voxels as they are", (v) => v.toggle("smooth")],
  [["n"], "n", "next structure", (v) => v.nextRoi(1)],
  [["p"], "p", "previous structure", (v) => v.nextRoi(-1)],
  [["h"], "h", "hide or show it", (v) => v.toggleRoi()],
  [["Enter"], "Enter", "go to it", (v) => v.jump()],
  [["b"], "b", "blend, or side by side", (v) => v.toggleCompare()],
  [["m"], "m", "this plane only, or all", (v, pane) => v.enlarge(pane)],
  [["?"], "?", "these keys", (v) => v.toggleHelp()],
];
const POINTER = [
  ["wheel", "next plane"],
  ["Ctrl or Shift + wheel", "zoom"],
  ["click", "place the cross-hair"],
  ["drag", "move the picture, or the cross-hair by its middle"],
  ["right or Shift + drag", "window: across width, up and down level"],
  ["double click", "this plane only, or all"],
  ["Shift + arrows", "move the cross-hair"],
  ["Alt + arrows", "move the picture"],
];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ACTIONS = new Map(KEYS.flatMap(([keys, , , act]) => keys.map((key) => [key, act])));

/** Do what a key is for on a plane; whether it is for anything. */
function keyed(viewer, pane, event) {
  if (event.ctrlKey || event.metaKey) return false;
  if (event.key in ARROWS && (event.shiftKey || event.altKey)) {
    const [right, down] = ARROWS[event.key];
    if (event.shiftKey) viewer.nudge(pane, right, down);
    else viewer.pan(viewer.paneOf(pane), -30 * right, -30 * down);
    return true;
  }
  const act = event.altKey ? undefined : ACTIONS.get(event.key);
  act?.(viewer, pane);
  return act !== undefined;
}

/** The keys as a table on a sheet over the planes. */
function helpSheet(parent) {
  const sheet = node("div", "rtxr-viewer-help", parent, {
    ...OWN_KEYS,
    role: "dialog",
    "aria-label": "Keys",
    tabindex: 0,
  });
  for (const rows of [KEYS.map(([, key, told]) => [key, told]), POINTER]) {
    const table = node("dl", "", sheet);
    for (const [key, told] of rows) {
      node("dt", "", table).textContent = key;
      node("dd", "", table).textContent = told;
    }
  }
  return sheet;
}
