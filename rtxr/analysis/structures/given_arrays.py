"""Arrays that a caller gives: whether their coordinates say where they are, and which way up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from rtxr import model
from rtxr.errors import Finding, GeometryError, MissingDataError, RTXRError
from rtxr.geometry import OBLIQUE_NAMES, Grid


def require_array(given: object, wanted: str) -> None:
    """Raise unless something is an array.

    Raises
    ------
    RTXRError
        It is another thing, a path say; ``wanted`` begins the message.
    """
    if not (hasattr(given, "shape") and hasattr(given, "dtype")):
        raise RTXRError(
            f"{wanted}, not {type(given).__name__}; rtxr.read_nifti(path) and rtxr.read_nrrd(path) "
            "give the DataArray of a file"
        )


#: What else may be given where an array may stand for the image.
_ON_IMAGE = "; a plain array in the shape of the image is taken to lie on it: give array.values"


def place_of(array: xr.DataArray, otherwise: str = _ON_IMAGE) -> Grid:
    """Where the voxels of an array are, as its coordinates say.

    Parameters
    ----------
    array : DataArray
        Of any dtype.
    otherwise : str, optional
        What else would do, for the message.

    Returns
    -------
    Grid
        Its axes may descend.

    Raises
    ------
    MissingDataError
        They do not; the message says what else would do.
    """
    try:
        return model.grid_of(array if array.name is not None else array.rename("array"))
    except MissingDataError as error:
        raise MissingDataError(
            f"{error}. A DataArray needs coordinates along its dimensions, such as those of ds.ct"
            + otherwise
        ) from error


def placed(array: xr.DataArray, what: str = "mask", otherwise: str = _ON_IMAGE) -> xr.DataArray:
    """An array along its grid's dimensions, each ascending.

    Parameters
    ----------
    array : DataArray
        Of any dtype.
    what : str, default: "mask"
        What it is, for messages.
    otherwise : str, optional
        See :func:`place_of`.

    Raises
    ------
    MissingDataError
        Its place cannot be told.
    GeometryError
        It has dimensions beside its grid.
    """
    grid = place_of(array, otherwise)
    first = grid.dims[0]
    if first.endswith(OBLIQUE_NAMES[0]):
        reference = model.spatial_ref_name(first.removesuffix(OBLIQUE_NAMES[0]))
        if reference not in array.coords:
            raise MissingDataError(
                f"a {what} along {grid.dims} needs the coordinate {reference!r}, whose matrix says "
                f"where it is: {what}.assign_coords({reference}=ds.{reference})"
            )
    if leading := model.leading_dims(array):
        unite = f", or unite them: {what}.any({leading[0]!r})" if what == "mask" else ""
        raise GeometryError(
            f"the {what} has dimensions {leading} beside its grid; give one, as in "
            f"{what}.isel({leading[0]}=0){unite}"
        )
    return model.ascending(array)


def true_or_false(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """A mask as bool; numbers count if they are 0 and 1.

    Raises
    ------
    RTXRError
        The values are others.
    """
    if values.dtype == np.bool_:
        return values.astype(np.bool_, copy=False)
    if values.dtype.kind in "iuf":
        inside = values.astype(np.bool_)
        if np.array_equal(inside, values):
            return inside
    raise RTXRError(
        f"a mask is true or false, or 0 and 1; this one ({values.dtype}) holds something else: say "
        "what is inside, as in array > 0.5 or array == 3"
    )


def frame_findings(grid: Grid, known: Grid | None, what: str, other: str) -> list[Finding]:
    """A finding where a grid is in another frame of reference than a known one.

    Parameters
    ----------
    grid : Grid
        Of the array.
    known : Grid, optional
        Grid to compare with; without one nothing is said.
    what, other : str
        What each of the two is, for the message: "its mask was", "the image".
    """
    uids = {grid.frame_of_reference_uid, known.frame_of_reference_uid if known else ""} - {""}
    if len(uids) < 2:
        return []
    text = (
        f"{what} in another frame of reference ((0020,0052) FrameOfReferenceUID) than {other}; "
        "positions were taken as if they were one"
    )
    return [Finding("frame-of-reference-mismatch", "warning", text)]
