"""What is odd between contours and the images they name: absent ones, and others in their plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import Finding, Severity
from rtxr.geometry import FloatArray, Grid

#: A contour further from the plane of its image is told, mm.
_OFF_MM = 0.01
#: A contour whose points are further apart across the slices is not parallel to them, mm.
_PLANAR_MM = 0.1


def image_reference_findings(coords: Mapping[str, xr.Variable], image: Grid) -> list[Finding]:
    """Findings about contours that name images not among the slices, or slices in other planes.

    Parameters
    ----------
    coords : mapping of str to Variable
        Of a case: contours and their nodes, and the SOPInstanceUIDs of the slices.
    image : Grid
        Of the image.
    """
    names = [model.uid_name(name) for name in model.IMAGE_NAMES.values()]
    slices = next((coords[name] for name in names if name in coords), None)
    if slices is None or model.CONTOUR_IMAGE_UID not in coords:
        return []
    named = coords[model.CONTOUR_IMAGE_UID].values
    uids, first = np.unique(slices.values.ravel(), return_index=True)
    at = np.minimum(np.searchsorted(uids, named), len(uids) - 1)
    is_here = (uids[at] == named) & (named != "")
    absent = int(((named != "") & ~is_here).sum())
    findings = []
    if absent:
        message = (
            f"{absent} of {len(named)} contours name images that are not among the slices; "
            "positions alone say where they are"
        )
        findings.append(Finding("contour-images-absent", "info", message))
    dim = image.dims.index(str(slices.dims[-1]))
    heights = image.axes[dim][first[at] % slices.shape[-1]]
    return findings + _off_plane(_heights(coords, image, dim), heights, is_here, image.spacing[dim])


def _heights(coords: Mapping[str, xr.Variable], image: Grid, dim: int) -> FloatArray:
    """Position of each contour across the slices, mm; NaN where it is not parallel to them."""
    keys = coords[model.CONTOUR].values
    nodes = np.stack(
        [coords[name].values for name in (model.NODE_X, model.NODE_Y, model.NODE_Z)], axis=-1
    )
    across = image.to_own(nodes)[:, 2 - dim]
    # As they are read: nodes come contour by contour, in the order of the keys.
    begin = np.searchsorted(coords[model.NODE_CONTOUR].values, keys)
    drawn = np.diff(begin, append=len(across)) > 0
    heights = np.full(len(keys), np.nan)
    if drawn.any():
        low, high = (each.reduceat(across, begin[drawn]) for each in (np.minimum, np.maximum))
        heights[drawn] = np.where(high - low <= _PLANAR_MM, (low + high) / 2, np.nan)
    return heights


def _off_plane(
    contours: FloatArray, slices: FloatArray, is_here: npt.NDArray[np.bool_], spacing: float
) -> list[Finding]:
    """A finding where contours lie beside the plane of the slice they name."""
    distance = np.where(is_here, np.abs(contours - slices), np.nan)
    off = distance > _OFF_MM
    if not off.any():
        return []
    furthest = float(distance[off].max())
    is_elsewhere = furthest > spacing / 2
    severity: Severity = "warning" if is_elsewhere else "info"
    message = (
        f"{int(off.sum())} of {len(contours)} contours lie off the plane of the image they name, "
        f"by up to {furthest:.3f} mm"
        + (", which is nearer to another slice" if is_elsewhere else "")
        + "; positions alone say where they are"
    )
    return [Finding("contour-off-image", severity, message)]
