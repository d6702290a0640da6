"""The tables of docs/dvh-accuracy.md: DVHs of analytic solids, from files, against closed form.

Run without arguments: ``python docs/dvh_accuracy.py``; it takes some minutes. Solids, their files
and their truth are those of the tests (``tests/solids.py``, ``tests/analytic.py``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import rtxr
from rtxr.analysis.grids.resample import field_of
from rtxr.analysis.interpolation.between import shaped
from rtxr.analysis.statistics.dose_volume import RoiDose, integrate
from rtxr.analysis.structures.contours import slabs
from rtxr.analysis.structures.planes import Slabs

PAGE = Path(__file__).parent / "dvh-accuracy.md"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import factories as make  # noqa: E402
import gaussian_ball  # noqa: E402
import solids  # noqa: E402
from analytic import GRADIENTS, LEVELS, QUANTITIES  # noqa: E402

SPACINGS = (1.0, 2.0, 3.0)
SHIFTS = (0.0, 0.5)
POSITIONS = ("HFS", "FFP")
#: Relative and absolute tolerance (Gy) against the slabs, and against the solid.
SLABS, SOLID = (0.003, 0.01), (0.01, 0.02)
WORST = 12


@dataclass(frozen=True)
class Point:
    """One quantity of one solid in one case.

    Parameters
    ----------
    solid, quantity, case : str
        What it is of; the case in words.
    spacing : float
        Of the contours, mm.
    value, slab, ideal : float
        What is computed from slabs, and the truth of the slabs and of the solid.
    shape : float
        What is computed with ``between="shape"``.
    """

    solid: str
    quantity: str
    case: str
    spacing: float
    value: float
    shape: float
    slab: float
    ideal: float

    def off(self, tolerance: tuple[float, float], value: float, truth: float) -> float:
        """Error as a part of what is tolerated."""
        relative, absolute = tolerance
        allowed = relative * abs(truth)
        return abs(value - truth) / (
            allowed if self.quantity == "volume" else max(allowed, absolute)
        )

    @property
    def errors(self) -> tuple[float, float, float]:
        """Of slabs against slabs, slabs against the solid, the shape against the solid."""
        return (
            self.off(SLABS, self.value, self.slab),
            self.off(SOLID, self.value, self.ideal),
            self.off(SOLID, self.shape, self.ideal),
        )


def points() -> Iterator[Point]:
    """Every solid in every case."""
    ideals = {
        (name, gradient): solid.ideal(direction).values()
        for (name, solid), (gradient, direction) in product(
            solids.SOLIDS.items(), GRADIENTS.items()
        )
    }
    for spacing in SPACINGS:
        shapes: dict[str, Slabs] = {}
        for gradient, step, shift, position in product(GRADIENTS, SPACINGS, SHIFTS, POSITIONS):
            case = (
                f"along {gradient}, contours {spacing:g} mm, doses {step:g} mm, "
                f"{'shifted' if shift else 'aligned'}, {position}"
            )
            for part, found, shape in _computed(spacing, gradient, step, shift, position, shapes):
                slab = solids.truth(part.label, gradient, spacing)
                ideal = ideals[part.label, gradient]
                for name in QUANTITIES:
                    values = (found[name], shape[name], slab[name], ideal[name])
                    yield Point(part.label, name, case, spacing, *values)


def _computed(
    spacing: float,
    gradient: str,
    step: float,
    shift: float,
    position: str,
    shapes: dict[str, Slabs],
) -> Iterator[tuple[Slabs, dict[str, float], dict[str, float]]]:
    """Slabs of each solid of a case, and all quantities of them and of the shape."""
    with TemporaryDirectory() as folder:
        make.write(Path(folder), solids.case(spacing, GRADIENTS[gradient], step, shift, position))
        ds = rtxr.open_dir(folder)
        field = field_of(ds)
    for part in slabs(ds, None, first=field.grid):
        # Contours do not depend on the dose, so their shape is made once.
        shape = shapes.setdefault(part.label, shaped(part)) if part.label not in shapes else None
        yield (
            part,
            _values(integrate(part, field)),
            _values(integrate(shape or shapes[part.label], field)),
        )


def _values(found: RoiDose) -> dict[str, float]:
    """All quantities of a DVH."""
    doses = {
        name: found.dose_at(0.03 if level is None else level / 100 * found.volume_cc)
        for name, level in LEVELS.items()
    }
    return {
        "volume": found.volume_cc,
        "min": found.minimum,
        "max": found.maximum,
        "mean": found.mean,
        **doses,
    }


def page(found: list[Point]) -> str:
    """The page, its tables made anew."""
    of_points = [_largest(found), gaussian(), _tally(found), _by_quantity(found), _worst(found)]
    tables = iter(of_points)
    return re.sub(r"(?m)(?:^\|.*\n)+", lambda _: next(tables), PAGE.read_text(encoding="utf-8"))


def _largest(found: list[Point]) -> str:
    """Largest error of each quantity of each solid against its slabs."""

    def error(point: Point) -> float:
        off = abs(point.value - point.slab)
        return 100 * off / point.slab if point.quantity == "volume" else off

    rows = [["solid", "points", "off", *QUANTITIES]]
    for name in (*solids.SOLIDS, "all"):
        some = [point for point in found if name in (point.solid, "all")]
        off = sum(point.errors[0] > 1 for point in some)
        largest = [
            max(error(point) for point in some if point.quantity == quantity)
            for quantity in QUANTITIES
        ]
        rows.append([name, str(len(some)), str(off), *(f"{value:.4f}" for value in largest)])
    return _table(rows)


def gaussian() -> str:
    """Errors of every quantity of the Gaussian dose in a ball, as parts of the truth."""
    rows = [["contours", *QUANTITIES, "off"]]
    for spacing in SPACINGS:
        truth = gaussian_ball.truth(spacing)
        found = gaussian_ball.case(spacing).rt.dvh_metrics(list(QUANTITIES)).loc["A"]
        errors = [100 * (found[name] / truth[name] - 1) for name in QUANTITIES]
        off = sum(abs(error) > 100 * SLABS[0] for error in errors)
        rows.append([f"{spacing:g} mm", *(f"{error:+.4f}" for error in errors), str(off)])
    return _table(rows)


def _counts(some: list[Point]) -> list[str]:
    """Points, and how many are off from the solid by slabs and by shape."""
    off = [sum(point.errors[way] > 1 for point in some) for way in (1, 2)]
    return [str(len(some)), *(f"{n} ({100 * n / len(some):.1f} %)" for n in off)]


def _tally(found: list[Point]) -> str:
    """Points off from the ideal solid, by solid and spacing."""
    rows = [["solid", "contours", "points", 'off by `"slab"`', 'off by `"shape"`']]
    for name, spacing in product(solids.SOLIDS, SPACINGS):
        some = [point for point in found if (point.solid, point.spacing) == (name, spacing)]
        rows.append([name, f"{spacing:g} mm", *_counts(some)])
    return _table([*rows, ["all", "", *_counts(found)]])


def _by_quantity(found: list[Point]) -> str:
    """Points off from the ideal solid, by quantity."""
    rows = [
        [quantity, *_counts([each for each in found if each.quantity == quantity])]
        for quantity in QUANTITIES
    ]
    return _table([["quantity", "points", 'off by `"slab"`', 'off by `"shape"`'], *rows])


def _worst(found: list[Point]) -> str:
    """Points with the largest errors, each solid and quantity once."""
    ways: dict[str, tuple[int, Callable[[Point], tuple[float, float]]]] = {
        "slabs, against the slabs": (0, lambda p: (p.value, p.slab)),
        "slabs, against the solid": (1, lambda p: (p.value, p.ideal)),
        "shape, against the solid": (2, lambda p: (p.shape, p.ideal)),
    }
    rows = [["what", "solid", "quantity", "case", "computed", "truth", "error / tolerance"]]
    for way, (number, both) in ways.items():
        seen: set[tuple[str, str]] = set()
        for point in sorted(found, key=lambda p: -p.errors[number]):
            if (key := (point.solid, point.quantity)) in seen or len(seen) == WORST:
                continue
            seen.add(key)
            value, truth = both(point)
            numbers = [f"{value:.4f}", f"{truth:.4f}", f"{point.errors[number]:.2f}"]
            rows.append([way, point.solid, point.quantity, point.case, *numbers])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


if __name__ == "__main__":
    text = page(list(points()))
    PAGE.write_text(text, encoding="utf-8")
