// What the buttons of uploads and downloads share.

let transfers = 0;

/** A name for one transfer, so that other views of the same widget leave it alone. */
const transferKey = () => `${Date.now()}-${Math.random().toString(36).slice(2)}-${++transfers}`;

function transferRow(el) {
  const root = node("div", "rtxr-widget rtxr-transfer", el);
  const undress = followTheme(root);
  const button = node("button", "", root, { ...OWN_KEYS, type: "button" });
  const status = node("span", "rtxr-transfer-status", root, { role: "status" });
  ownKeys(button);
  return { root, button, status, undress };
}

/** Lists and buttons of ipywidgets do not say that keys are theirs: each is told when it gets them. */
function ownKeys(button) {
  const tell = ({ target }) => {
    for (const [key, value] of Object.entries(OWN_KEYS)) target.setAttribute(key, value);
  };
  const shown = new ResizeObserver(() => {
    const form = button.closest(".rtxr-form");
    if (!form) return;
    form.addEventListener("focusin", tell);
    shown.disconnect();
  });
  shown.observe(button);
}
