// What all widgets use of the browser. Parts of a module share its scope: pieces.py puts them
// together, so that a widget needs no bundler and loads nothing.

// Of each element that takes keys: JupyterLab, which looks at that one first, keeps its shortcuts
// to itself. Else "d", "d" deletes the cell.
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

function node(tag, name, parent, attributes = {}) {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

/** A name for ids: each widget of a page has a module of its own, so that counting gives the same. */
const unique = (name) => `${name}-${Math.random().toString(36).slice(2)}`;

const number = (count) => count.toLocaleString("en");

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; bytes >= 999.5 && at < units.length - 1; at++) bytes /= 1000;
  return `${bytes.toFixed(at && bytes < 9.95 ? 1 : 0)} ${units[at]}`;
}

/** Whether a page is dark: its text is light. */
function onDark(element) {
  const { color } = getComputedStyle(element);
  const parts = color.match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
  return parts.reduce((sum, part) => sum + part, 0) / 3 > (color.startsWith("rgb") ? 127 : 0.5);
}

/**
 * Keep a widget dark where its page is, and call `act` with that whenever it may have changed. Its
 * place on the page, from which it has colours and fonts, comes with the size of `sized`. What ends
 * this is returned.
 */
function followTheme(root, act = () => {}, sized = root) {
  const dress = () => {
    const dark = onDark(root);
    root.classList.toggle("rtxr-dark", dark);
    act(dark);
  };
  dress();
  const themes = new MutationObserver(dress);
  for (const part of [document.documentElement, document.body])
    themes.observe(part, { attributes: true });
  const sizes = new ResizeObserver(dress);
  sizes.observe(sized);
  return () => {
    themes.disconnect();
    sizes.disconnect();
  };
}

/** Sums of all values before each place, so that a range costs one subtraction. */
function sums(length, value) {
  const found = new Float64Array(length + 1);
  for (let at = 0; at < length; at++) found[at + 1] = found[at] + value(at);
  return (first, end) => found[end] - found[first];
}

/** Flags as Python packs them, eight in a byte, the first one lowest. */
function unpacked(view, length) {
  const flags = new Uint8Array(length);
  for (let at = 0; at < length; at++) flags[at] = (view.getUint8(at >> 3) >> (at & 7)) & 1;
  return flags;
}

function packed(flags) {
  const bytes = new Uint8Array((flags.length + 7) >> 3);
  flags.forEach((flag, at) => (bytes[at >> 3] |= flag << (at & 7)));
  return new DataView(bytes.buffer);
}
