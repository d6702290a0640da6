"""Fresh-process import of rtxr against pydicom and xarray alone, in turn.

rtxr should take no more than what it stands on: matplotlib and ipywidgets load when first used.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9
COMMANDS = {"pydicom + xarray": "import pydicom, xarray", "rtxr": "import rtxr"}


def seconds(code: str) -> float:
    """Wall time of a fresh process that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the median of each and the median of the pairwise ratios."""
    for code in COMMANDS.values():
        seconds(code)  # warm the file cache
    times = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, code in COMMANDS.items():
            times[name].append(seconds(code))
    for name, each in times.items():
        print(f"{name:18s} median {statistics.median(each):.3f} s ({RUNS} runs)")
    base, ours = times.values()
    ratio = statistics.median(b / a for a, b in zip(base, ours, strict=True))
    print(f"rtxr / (pydicom + xarray): {ratio:.2f}")


if __name__ == "__main__":
    main()
