"""Key presses on the slice viewer in JupyterLab, beside a matplotlib figure redrawn inline.

The case is that of ``dose.py``: CT, dose and 40 structures of clinical size. Chromium presses real
keys; a clock in the page runs from the key to the first frame that shows another picture, once all
is drawn for it, so that browser, server and kernel count, on the processors that they share. A
frame takes 16.7 ms, and keys come at any time within one. Needs the extra ``browser``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dose import with_dose
from structures import ALL, Bench, folder_of, make

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.append(str(TESTS))
from browser import servers  # noqa: E402
from browser.pages import run_cell  # noqa: E402

PRESSES, WARM_UP = 40, 3
#: Seconds between keys that are held, as keyboards repeat them.
REPEAT = 1 / 30
#: Milliseconds without a change after which a picture is settled.
SETTLED = 250
#: What is asked of rtxr: milliseconds, pictures of 40 keys, seconds.
SCROLL_MS, WINDOW_MS, HELD, TREE_S = 40, 16, 35, 2
SERIES = 10_000

#: Looks at the last element of a selector in each frame, as the sum of its pixels on 48 x 48.
CLOCK = """selector => {
  const paper = new OffscreenCanvas(48, 48).getContext("2d", { willReadFrequently: true });
  const clock = { keys: [], changes: [], seen: undefined };
  const look = () => {
    const shown = [...document.querySelectorAll(selector)].at(-1);
    if (!shown || shown.complete === false || shown.naturalWidth === 0) return clock.seen;
    paper.drawImage(shown, 0, 0, 48, 48);
    const pixels = new Uint32Array(paper.getImageData(0, 0, 48, 48).data.buffer);
    return pixels.reduce((sum, pixel, at) => (sum * 31 + pixel + at) | 0, 7);
  };
  // Sizes are told after all that is drawn for a frame, and before it is shown. Messages to
  // oneself would wait behind keys, while frames with other pictures pass.
  const pulse = document.body.appendChild(document.createElement("div"));
  Object.assign(pulse.style, { position: "fixed", height: "1px", width: "1px" });
  new ResizeObserver(() => {
    const now = look();
    if (now !== clock.seen) clock.changes.push([performance.now(), now]);
    clock.seen = now;
  }).observe(pulse);
  const frame = () => {
    if (window.clock !== clock) return pulse.remove();
    pulse.style.width = pulse.style.width === "1px" ? "2px" : "1px";
    requestAnimationFrame(frame);
  };
  window.clock = clock;
  document.addEventListener("keydown", () => clock.keys.push(performance.now()), true);
  frame();
}"""
FORGET = "() => { clock.keys.length = clock.changes.length = 0; }"
CHANGED = "() => clock.changes.length > 0"
SETTLE = "ms => performance.now() - Math.max(...clock.keys, ...clock.changes.map((c) => c[0])) > ms"

OPEN = "import rtxr\nds = rtxr.open_dir({!r})"
VIEW = f"{OPEN}\nview = ds.rt.view()\nview"
#: The figure that one writes without a viewer; all is in memory before the first key.
FIGURE = (
    OPEN
    + """
import ipywidgets, numpy as np, matplotlib.pyplot as plt
%matplotlib inline
image, dose = ds.ct.values, ds.dose.values
extent, wash = ([d.x[0], d.x[-1], d.y[-1], d.y[0]] for d in (
    ds, ds.rename(x="_", y="__").rename(dose_x="x", dose_y="y")))
first = np.flatnonzero(np.diff(ds.node_contour.values, prepend=-1))
ends = [*first[1:], ds.sizes["node"]]
x, y, z = (ds[name].values for name in ("node_x", "node_y", "node_z"))
lines = {{}}
for start, end in zip(first, ends):
    lines.setdefault(float(z[start]), []).append((x[start:end], y[start:end]))

def show(index):
    figure, ax = plt.subplots(figsize=(6, 6))
    ax.imshow(image[index], cmap="gray", vmin=-160, vmax=240, extent=extent)
    ax.imshow(dose[index], cmap="turbo", alpha=0.4, vmin=6, extent=wash)
    for line in lines.get(float(ds.z[index]), []):
        ax.plot(*line, linewidth=1)
    plt.show()

slider = ipywidgets.IntSlider(value=60, max=len(image) - 1)
ipywidgets.VBox([slider, ipywidgets.interactive_output(show, {{"index": slider}})])"""
)
TREE = f"import sys\nsys.path.insert(0, {str(TESTS)!r})\nimport many_series\n"
TREE += f"index = many_series.index({SERIES})"


class Timed(NamedTuple):
    """Milliseconds of single key presses, and what became of keys that were held."""

    each: list[float]
    held: int
    lag: float

    def row(self, name: str) -> str:
        """As a line of the table."""
        late = statistics.quantiles(self.each, n=10)[-1]
        return (
            f"  {name:42s}{statistics.median(self.each):7.1f} ms {late:7.1f} ms "
            f"{self.held:5d} of {PRESSES} {self.lag:8.0f} ms"
        )


def pressed(page: Any, keys: Sequence[str]) -> Timed:
    """Press keys in turn, waiting for each picture, then hold the first one down."""
    each = []
    for number in range(WARM_UP + PRESSES):
        page.evaluate(FORGET)
        page.keyboard.press(keys[number % len(keys)])
        page.wait_for_function(CHANGED)
        took = page.evaluate("() => clock.changes[0][0] - clock.keys[0]")
        page.wait_for_function(SETTLE, arg=SETTLED)
        if number >= WARM_UP:
            each.append(took)
    page.evaluate(FORGET)
    start = time.perf_counter()
    for number in range(PRESSES):
        page.keyboard.down(keys[0])
        time.sleep(max(0.0, start + (number + 1) * REPEAT - time.perf_counter()))
    page.keyboard.up(keys[0])
    page.wait_for_function(SETTLE, arg=2 * SETTLED)
    held = page.evaluate("() => new Set(clock.changes.map((change) => change[1])).size")
    lag = page.evaluate("() => clock.changes.at(-1)[0] - clock.keys.at(-1)")
    return Timed(each, held, lag)


def watched(page: Any, selector: str) -> None:
    """Start the clock once a picture is there and has settled."""
    page.locator(selector).last.wait_for()
    page.evaluate(CLOCK, selector)
    page.wait_for_function(CHANGED)
    page.wait_for_timeout(3000)  # structures are read, caches filled


def viewer(lab: servers.Server, page: Any, case: Path) -> dict[str, Timed]:
    """The viewer: scrolling on each kind of plane, and the window."""
    lab.open(page, "viewer", VIEW.format(str(case)))
    run_cell(page, 0)
    found = {}
    for pane in ("axial", "coronal"):
        watched(page, f"canvas[data-pane={pane}]")
        page.locator(f"canvas[data-pane={pane}]").focus()
        found[f"viewer, {pane} planes"] = pressed(page, ["ArrowUp"])
    found["viewer, width of the window"] = pressed(page, ["}", "{"])
    return found


def inline_figure(lab: servers.Server, page: Any, case: Path) -> dict[str, Timed]:
    """The figure: scrolling by its slider."""
    lab.open(page, "figure", FIGURE.format(str(case)))
    run_cell(page, 0)
    watched(page, ".jp-OutputArea img")
    page.locator(".noUi-handle").focus()
    return {"matplotlib inline, axial planes": pressed(page, ["ArrowRight"])}


def tree(lab: servers.Server, page: Any) -> float:
    """Seconds from the key that runs ``index.prune()`` to the first line of the tree."""
    lab.open(page, "tree", TREE, "widget = index.prune()\nwidget", "widget.close()")
    for at in (0, 1, 2):  # once to have anywidget imported
        run_cell(page, at)
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.get_by_role("treeitem").first.wait_for(state="hidden")
    start = time.perf_counter()
    page.keyboard.press("Shift+Enter")
    page.get_by_role("treeitem").first.wait_for()
    return time.perf_counter() - start


def verdict(what: str, found: float, asked: float, *, least: bool = False) -> None:
    """Say whether something is as asked for."""
    met = found >= asked if least else found <= asked
    limit = "at least" if least else "at most"
    print(f"  {'met' if met else 'MISSED':7s}{what}: {found:.4g}, asked for: {limit} {asked}")


def reported(found: dict[str, Timed], seconds: float) -> None:
    """Print the table and what is asked of it."""
    print(f"\n{'':44s}   median        p90   held drawn    lag after")
    for name, timed in found.items():
        print(timed.row(name))
    print(f"  pruning tree of {SERIES:,d} series opens in {seconds:.2f} s\n")
    axial, coronal, window, *_ = found.values()
    for what, timed, most in (
        ("axial planes", axial, SCROLL_MS),
        ("coronal planes", coronal, SCROLL_MS),
        ("window", window, WINDOW_MS),
    ):
        verdict(f"{what}, ms", statistics.median(timed.each), most)
        verdict(f"{what}, held keys drawn", timed.held, HELD, least=True)
    verdict("tree, s", seconds, TREE_S)


def opened(browser: Any, job: Callable[[Any], Any]) -> Any:
    """Do something with a page of its own."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(servers.PATIENCE * 1000)
    try:
        return job(page)
    finally:
        context.close()


@contextlib.contextmanager
def laboratory(parent: Path) -> Iterator[tuple[Any, Any, Path]]:
    """A browser, JupyterLab, and the case with a dose; says first what machine this is."""
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    print(f"processes that want a processor already: {os.getloadavg()[0]:.1f}")
    large = folder_of(parent, "clinical")
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch, "served"), Path(scratch, "home")
        folder.mkdir()
        home.mkdir()
        make(Bench({"rtxr": sys.executable}, large, large, folder), large, ALL)
        case = with_dose(parent, "clinical", large)
        with servers.chromium() as browser, servers.served("jupyterlab", folder, home) as lab:
            yield browser, lab, case


def main(parent: Path) -> None:
    """Measure and print."""
    with laboratory(parent) as (browser, lab, case):
        found = opened(browser, lambda page: viewer(lab, page, case))
        found |= opened(browser, lambda page: inline_figure(lab, page, case))
        seconds = opened(browser, lambda page: tree(lab, page))
    reported(found, seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, default=Path(tempfile.gettempdir()), help="where the case is kept"
    )
    main(parser.parse_args().cases)
