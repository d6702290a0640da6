// What the buttons of uploads and downloads share.

let transfers = 0;

/** A name for one transfer, so that other views of the same widget leave it alone. */
const transferKey = () => `${Date.now()}-${Math.random().toString(36).slice(2)}-${++transfers}`;

function transferRow(el) {
  const root = node("div", "rtxr-widget rtxr-transfer", el);
  root.classList.toggle("rtxr-dark", onDark(root));
  const button = node("button", "", root, { ...OWN_KEYS, type: "button" });
  const status = node("span", "rtxr-transfer-status", root, { role: "status" });
  return { root, button, status };
}
