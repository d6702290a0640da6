"""Jaws and leaves of one beam, taken out of the positions of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rtxr import model
from rtxr.analysis.beams.apertures import Apertures, Axis, Layer, apertures
from rtxr.errors import GeometryError
from rtxr.geometry import FloatArray

#: Attribute of a variable of leaves with its RT Beam Limiting Device Type (300A,00B8).
_KIND = "RTBeamLimitingDeviceType"


@dataclass(frozen=True)
class Collimators:
    """What limits a beam, at all its control points.

    Parameters
    ----------
    layers : tuple of Layer
        Multi-leaf collimators.
    x_jaws, y_jaws : ndarray, (point, 2), or None
        mm.
    """

    layers: tuple[Layer, ...]
    x_jaws: FloatArray | None
    y_jaws: FloatArray | None

    @property
    def apertures(self) -> Apertures:
        """What they leave open together.

        Raises
        ------
        GeometryError
            See :func:`rtxr.analysis.beams.apertures.apertures`; or a position is not known.
        """
        known = [
            *(layer.positions for layer in self.layers),
            *(layer.edges for layer in self.layers),
        ]
        known += [each for each in (self.x_jaws, self.y_jaws) if each is not None]
        if not all(np.isfinite(each).all() for each in known):
            raise GeometryError(
                "a position or boundary of jaws or leaves is not known; ds.rt.leaf_positions() "
                "shows which"
            )
        return apertures(self.layers, self.x_jaws, self.y_jaws)


def collimators_of(positions: xr.Dataset, points: int | None = None) -> Collimators:
    """Jaws and leaves of one beam.

    Parameters
    ----------
    positions : Dataset
        Of ``ds.rt.leaf_positions()``, one beam.
    points : int, optional
        Its number of control points; by default as many as there are.
    """
    known = {str(name): each[:points] for name, each in positions.data_vars.items()}
    layers = []
    for each in known.values():
        if _KIND in each.attrs and np.isfinite(each.values).any():
            leaf = str(each.dims[1])
            first, last = (positions[name].values for name in model.leaf_bounds(leaf))
            axis: Axis = "y" if str(each.attrs[_KIND]).startswith("MLCY") else "x"
            layers.append(Layer(axis, np.append(first, last[-1]), each.values))
    return Collimators(tuple(layers), _jaws(known, "X"), _jaws(known, "Y"))


def _jaws(known: dict[str, xr.DataArray], name: str) -> FloatArray | None:
    found = None if name not in known else np.asarray(known[name].values, dtype=np.float64)
    return None if found is None or not np.isfinite(found).any() else found
