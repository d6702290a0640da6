// A button that takes files: tells their names and sizes, then sends the parts that are asked for.

function render({ model, el }) {
  const { root, button, status, undress } = transferRow(el);
  const input = node("input", "", root, { type: "file", hidden: "", tabindex: "-1" });
  input.multiple = model.get("several");
  button.title = model.get("what");
  input.setAttribute("aria-label", model.get("what"));
  let files = [];
  let key = "";

  function take(chosen) {
    files = [...chosen];
    if (!files.length) return;
    key = transferKey();
    model.send({ tell: "files", key, files: files.map((each) => [each.name, each.size]) });
  }

  async function give(asked) {
    if (asked.key !== key) return;
    try {
      const part = await files[asked.file].slice(asked.from, asked.to).arrayBuffer();
      model.send({ key }, undefined, [part]);
    } catch {
      status.textContent = "a file could not be read; choose the files again";
    }
  }

  const show = () => {
    button.textContent = model.get("label");
    status.textContent = model.get("status");
  };
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // or choosing the same again would be no change
  });
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  model.on("msg:custom", give);
  model.on("change:label change:status", show);
  show();
  return () => {
    undress();
    model.off("msg:custom", give);
    model.off("change:label change:status", show);
  };
}

export default { render };
