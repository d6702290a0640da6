// A button that gives a file: asks for it part by part, no faster than a server lets pass.

const RATE = 8e5; // bytes in a second

function render({ model, el }) {
  const { button, status, undress } = transferRow(el);
  let key = "";
  let parts = [];
  let held = 0;
  let begun = 0;

  const show = () => {
    const bytes = model.get("size");
    button.disabled = !bytes; // a second click begins anew
    button.textContent = `Download ${model.get("name")}${bytes ? ` (${size(bytes)})` : ""}`;
  };
  const end = (text) => {
    key = "";
    status.textContent = text;
    show();
  };

  function begin() {
    [key, parts, held, begun] = [transferKey(), [], 0, performance.now()];
    show();
    model.send({ key, from: 0 });
  }

  function take(told, buffers) {
    if (told.key !== key || told.from !== held) return;
    parts.push(buffers[0]);
    held += buffers[0].byteLength;
    if (held >= told.all) return save();
    if (!buffers[0].byteLength) return end("the file is gone; create it again");
    status.textContent = `${Math.floor((100 * held) / told.all)} %`;
    const wait = (1000 * held) / RATE - (performance.now() - begun);
    const mine = key;
    setTimeout(() => mine === key && model.send({ key, from: held }), Math.max(wait, 0));
  }

  function save() {
    const address = URL.createObjectURL(new Blob(parts, { type: "application/zip" }));
    const link = node("a", "", document.body, { href: address, download: model.get("name") });
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    end("");
  }

  button.addEventListener("click", begin);
  model.on("msg:custom", take);
  model.on("change:size change:name", show);
  show();
  return () => {
    undress();
    model.off("msg:custom", take);
    model.off("change:size change:name", show);
  };
}

export default { render };
