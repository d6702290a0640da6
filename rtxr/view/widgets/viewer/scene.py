"""What a viewer shows of one Dataset: its planes, and what lies on each, as numbers.

Planes are those of the image's grid (of the dose's where there is no image), across each of its
own axes. RT Images are a pile of planes one way only: the z of their places is the number of the
image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from rtxr import model, roi_names
from rtxr.errors import MissingDataError, UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray, Grid
from rtxr.view.colors import lightened, roi_colors
from rtxr.view.plane import Plane, layout, reference_name
from rtxr.view.slices import ROIs
from rtxr.view.widgets.viewer.sections import Lines, Sections
from rtxr.view.widgets.viewer.volume import Layer, Volume

#: Names of planes by the patient axis that they are across.
_NAMES = ("sagittal", "coronal", "axial")
#: The order in which they are shown.
_ORDER = ("axial", "coronal", "sagittal")
#: A plane is oblique where its axis leaves that of the patient by more, as a part of it.
_OBLIQUE = 1e-3
#: Luminance of the darkest line that can be seen on black: that of pure blue.
_DARKEST = 0.07
IMAGES = "images"
_GANTRY = "gantry_angle"


@dataclass(frozen=True, eq=False)
class Picture:
    """What one plane shows.

    Parameters
    ----------
    image, dose : Layer, optional
        None where there is nothing.
    lines : Lines, optional
        Structures; None where they are still to be read.
    """

    image: Layer | None
    dose: Layer | None
    lines: Lines | None


class Scene:
    """Everything that a viewer shows of one Dataset.

    Parameters
    ----------
    ds : Dataset
        A case.
    variable : str, optional
        ``"rt_image"`` or another variable of RT Images to show these; by default the image.
    rois : str, sequence of str or False, optional
        ROI labels; by default all.
    on : Scene, optional
        Whose planes are shown, for a second Dataset.
    """

    def __init__(
        self,
        ds: xr.Dataset,
        variable: str | None = None,
        rois: ROIs = None,
        on: Scene | None = None,
    ) -> None:
        self.ds, self.note = _one_of_each(ds)
        self.titles: list[str] = []
        self.doses: dict[str, Volume] = {}
        self.labels: list[str] = []
        self.image: Volume | None = None
        self.variable = variable or _default(ds)
        self.is_pile = model.RT_IMAGE_NAME.fullmatch(self.variable) is not None
        shown = self.ds.get(self.variable)
        if shown is not None and not shown.size:
            raise MissingDataError(f"{self.variable!r} has no voxels left: {dict(shown.sizes)}")
        if self.is_pile:
            self._take_images(self.variable)
        else:
            self._take_volumes(self.variable, rois)
        self.grid: Grid = on.grid if on else self._own_grid()
        self.panes: dict[str, Plane] = on.panes if on else self._planes()
        self._sections: Sections | None = None

    def _take_images(self, variable: str) -> None:
        """RT Images as a pile."""
        if variable not in self.ds.data_vars:
            known = model.rt_image_names(self.ds)
            raise UnknownNameError(f"no {variable!r}; {did_you_mean(variable, known)}")
        number, up, across = model.rt_image_dims(variable)
        array = self.ds[variable]
        if number not in array.dims:
            array = array.expand_dims(number)
        axes = [np.arange(float(array.sizes[number])), array[up].values, array[across].values]
        grid = Grid(("z", "y", "x"), (axes[0], axes[1], axes[2]))
        bare = array.transpose(number, up, across).drop_vars(list(array.coords))
        self.image = Volume(bare.rename({number: "z", up: "y", across: "x"}), grid)
        angles = np.atleast_1d(array.coords[model.rt_image_coord(variable, _GANTRY)].values)
        self.titles = ["" if np.isnan(a) else f"gantry {round(a, 1):g}°" for a in angles.tolist()]

    def _take_volumes(self, variable: str, rois: ROIs) -> None:
        """Image, doses and structures."""
        ds = self.ds
        name = model.resolve(ds, variable)
        if not model.DOSE_NAME.fullmatch(name):
            self.image = Volume(ds[name])
        self.doses = {each: Volume(ds[each]) for each in model.dose_names(ds)}
        if rois is None:
            self.labels = model.roi_labels(ds) if model.ROI in ds.coords else []
        elif rois:
            self.labels = roi_names.select(ds, rois)

    def _own_grid(self) -> Grid:
        volume = self.image or next(iter(self.doses.values()))
        return volume.grid

    def _planes(self) -> dict[str, Plane]:
        """The first plane across each axis, by name, in the order in which they are shown."""
        grid = self.grid
        if self.is_pile:
            return {IMAGES: Plane(grid, 2, 0, 0, 1, flip_across=False, flip_up=False)}
        planes = {
            normal: Plane(grid, normal, 0, *layout(grid.matrix, normal)) for normal in range(3)
        }
        size = np.abs(grid.matrix[:3, :3])
        nearest = size.argmax(axis=0).tolist()
        if len(set(nearest)) < 3:
            return {f"{planes[normal].name(normal)} plane": planes[normal] for normal in (2, 1, 0)}
        found = {_NAMES[nearest[normal]]: plane for normal, plane in planes.items()}
        return {name: found[name] for name in _ORDER}

    # --- places -------------------------------------------------------------------------------
    @property
    def middle(self) -> FloatArray:
        """Patient point in the middle of the grid, on voxel centres; of a pile on its first."""
        own = [axis[len(axis) // 2] for axis in self.grid.axes[::-1]]
        own[2] = self.grid.axes[0][0] if self.is_pile else own[2]
        return self.grid.to_patient(own)

    def inside(self, point: FloatArray) -> FloatArray:
        """The patient point nearest to another one within the outermost voxel centres."""
        own = self.grid.to_own(point)
        ends = [(axis[0], axis[-1]) for axis in self.grid.axes[::-1]]
        return self.grid.to_patient([np.clip(own[a], *ends[a]) for a in range(3)])

    def plane(self, pane: str, index: int) -> Plane:
        """A plane by the name of its pane and its number."""
        return replace(self.panes[pane], index=index)

    def index_at(self, pane: str, point: FloatArray) -> int:
        """Number of the plane nearest to a patient point."""
        plane = self.panes[pane]
        own = self.grid.to_own(point)[plane.normal]
        return int(np.abs(plane.axis(plane.normal) - own).argmin())

    def is_oblique(self, pane: str) -> bool:
        """Whether a pane is turned against the patient's axes."""
        column = np.abs(self.grid.matrix[:3, self.panes[pane].normal])
        return bool(np.sort(column)[-2] > _OBLIQUE)

    # --- what is there ----------------------------------------------------------------------------
    @property
    def colors(self) -> dict[str, str]:
        """Colour of each ROI of the case, of those without one from a palette; none is black."""
        if not self.labels:
            return {}
        labels = model.roi_labels(self.ds)
        known = map(str, np.atleast_1d(self.ds[model.ROI_COLOR].values))
        found = roi_colors(labels, dict(zip(labels, known, strict=True)))
        return {label: lightened(found[label], _DARKEST) for label in self.labels}

    def picture(self, plane: Plane, dose: str = "", *, whole: bool = True) -> Picture:
        """What a plane shows.

        Parameters
        ----------
        plane : Plane
            Of this scene or of the one it is shown on.
        dose : str, default: ""
            Which dose; one that it has not is none.
        whole : bool, default: True
            Read the structures first, where that is still to be done.
        """
        return Picture(
            self.image.layer(plane) if self.image else None,
            self.doses[dose].layer(plane) if dose in self.doses else None,
            self.sections.cut(plane) if whole or self._sections else None,
        )

    @property
    def sections(self) -> Sections:
        """Structures, read when they are first wanted."""
        if self._sections is None:
            self._sections = Sections(self.ds, self.labels, self.grid)
        return self._sections

    def middle_of(self, label: str) -> FloatArray | None:
        """Patient point in the middle of a ROI; None where it has no contours."""
        return self.sections.middle(self.labels.index(label))


def doses_of(scene: Scene, other: Scene | None) -> dict[str, Volume]:
    """Doses of both; of one name the first scene's, which come first."""
    return {**scene.doses, **(other.doses if other else {}), **scene.doses}


def _default(ds: xr.Dataset) -> str:
    """What is shown where nothing is said."""
    if model.image_name(ds) or model.dose_names(ds):
        return reference_name(ds)
    names = model.rt_image_names(ds)
    if not names:
        raise MissingDataError(
            "this Dataset has nothing to look at: no image (ct, mr or pt), no dose, no RT Image"
        )
    return names[0]


def _one_of_each(ds: xr.Dataset) -> tuple[xr.Dataset, str]:
    """The first label of a dynamic series, and what is shown of it, in words."""
    image = model.image_name(ds)
    dims: Sequence[str] = model.leading_dims(ds[image]) if image else []
    told = [f"{dim} {ds[dim].values[0] if dim in ds.coords else 0}" for dim in dims]
    return ds.isel(dict.fromkeys(dims, 0)), ", ".join(told)
