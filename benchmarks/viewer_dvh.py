"""A curve shown and hidden in the DVH plot in JupyterLab, beside matplotlib redrawn inline.

Measured as in ``viewer.py``, on its case: all 40 structures are drawn, and a key takes one of them
away or brings it back.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from viewer import (
    CHANGED,
    FORGET,
    OPEN,
    PRESSES,
    SETTLE,
    SETTLED,
    WARM_UP,
    laboratory,
    opened,
    run_cell,
    servers,
    verdict,
    watched,
)

#: What is asked of rtxr, milliseconds.
TOGGLE_MS = 50
ROI = "Lung_R"
PLOT = f"{OPEN}\nplot = ds.rt.plot_dvh()\nplot.roi = {ROI!r}\nplot"
#: The figure that one writes without a widget; the table is there before the first key.
FIGURE = f"""{OPEN}
import ipywidgets, matplotlib.pyplot as plt
%matplotlib inline
table = ds.rt.dvh(relative=True)

def show(seen):
    figure, ax = plt.subplots(figsize=(9, 4))
    for label in table.columns if seen else table.columns.drop({ROI!r}):
        ax.plot(table.index, table[label], label=label)
    ax.legend(ncols=2, fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))
    plt.show()

box = ipywidgets.Checkbox(value=True, description={ROI!r})
ipywidgets.VBox([box, ipywidgets.interactive_output(show, {{{{"seen": box}}}})])"""


def toggled(page: Any) -> list[float]:
    """Milliseconds from the space bar to a changed picture; each waits for the last to settle."""
    each = []
    for number in range(WARM_UP + PRESSES):
        page.evaluate(FORGET)
        page.keyboard.press(" ")
        page.wait_for_function(CHANGED)
        took = page.evaluate("() => clock.changes[0][0] - clock.keys[0]")
        page.wait_for_function(SETTLE, arg=SETTLED)
        if number >= WARM_UP:
            each.append(took)
    return each


def plot(lab: servers.Server, page: Any, case: Path) -> list[float]:
    """The plot: a structure hidden and shown by the space bar."""
    lab.open(page, "dvh", PLOT.format(str(case)))
    run_cell(page, 0)
    watched(page, ".rtxr-dvh-plot > canvas:first-child")
    page.locator(".rtxr-dvh-plot").focus()
    return toggled(page)


def inline_figure(lab: servers.Server, page: Any, case: Path) -> list[float]:
    """The figure: the same by a check box."""
    lab.open(page, "dvh_figure", FIGURE.format(str(case)))
    run_cell(page, 0)
    watched(page, ".jp-OutputArea img")
    page.locator("input[type=checkbox]").focus()
    return toggled(page)


def main(parent: Path) -> None:
    """Measure and print."""
    with laboratory(parent) as (browser, lab, case):
        ours = opened(browser, lambda page: plot(lab, page, case))
        other = opened(browser, lambda page: inline_figure(lab, page, case))
    reported(ours, other)


def reported(ours: list[float], other: list[float]) -> None:
    """Print both, and what is asked of the first."""
    print(f"\n  {'a curve of 40 shown or hidden':34s}   median        p90")
    for name, each in (("DVH plot", ours), ("matplotlib inline", other)):
        late = statistics.quantiles(each, n=10)[-1]
        print(f"  {name:34s}{statistics.median(each):6.1f} ms {late:7.1f} ms")
    verdict("a curve shown or hidden, ms", statistics.median(ours), TOGGLE_MS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, default=Path(tempfile.gettempdir()), help="where the case is kept"
    )
    main(parser.parse_args().cases)
