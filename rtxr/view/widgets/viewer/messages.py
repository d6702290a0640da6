"""What a viewer's page is told: the planes once, then a picture at a time, numbers as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rtxr.errors import UnknownNameError, did_you_mean
from rtxr.geometry import FloatArray
from rtxr.view.plane import Plane
from rtxr.view.widgets.viewer.scene import Picture, Scene, doses_of
from rtxr.view.widgets.viewer.sections import Lines
from rtxr.view.widgets.viewer.volume import Layer

#: Width and level of the grey scale by what is looked at.
PRESETS: dict[str, dict[str, tuple[float, float]]] = {
    "ct": {
        "Soft tissue": (400, 40),
        "Lung": (1500, -600),
        "Bone": (2000, 500),
        "Brain": (80, 40),
        "Mediastinum": (350, 50),
        "Liver": (150, 60),
        "Wide": (4000, 1000),
    }
}
#: Part of the colour map of doses that is used: its ends are too dark to shine on grey.
_PART = (0.08, 0.9)
Message = tuple[dict[str, Any], list[bytes]]


def described(scene: Scene, other: Scene | None) -> dict[str, Any]:
    """What a page has to know before the first picture."""
    grid = scene.grid
    return {
        "matrix": grid.matrix.ravel().tolist(),
        "inverse": np.linalg.inv(grid.matrix).ravel().tolist(),
        "panes": [_pane(scene, name, plane) for name, plane in scene.panes.items()],
        "units": scene.image.units if scene.image else "",
        "hasImage": scene.image is not None,
        "isPile": scene.is_pile,
        "titles": scene.titles,
        "note": scene.note,
        "doses": {
            name: {
                "units": volume.units,
                "highest": volume.highest,
                "isOther": name not in scene.doses,
            }
            for name, volume in doses_of(scene, other).items()
        },
        "labels": scene.labels,
        "other": other
        and {
            "labels": other.labels,
            "units": other.image.units if other.image else "",
            "hasImage": other.image is not None,
            "note": other.note,
        },
        "presets": [[name, *window] for name, window in PRESETS.get(scene.variable, {}).items()],
    }


def _pane(scene: Scene, name: str, plane: Plane) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.capitalize() + (" (oblique)" if scene.is_oblique(name) else ""),
        "normal": plane.normal,
        "across": plane.across,
        "up": plane.up,
        "flipAcross": plane.flip_across,
        "flipUp": plane.flip_up,
        "letters": [] if scene.is_pile else list(plane.letters()),
        "axes": [plane.axis(own).tolist() for own in range(3)],
    }


def told(picture: Picture) -> Message:
    """A picture as a message and its buffers; each part says at which buffer it begins."""
    buffers: list[bytes] = []
    parts = {
        "image": _layer(picture.image, buffers),
        "dose": _layer(picture.dose, buffers),
        "lines": _lines(picture.lines, buffers),
    }
    return parts, buffers


def _layer(layer: Layer | None, buffers: list[bytes]) -> dict[str, Any] | None:
    if layer is None:
        return None
    first = len(buffers)
    buffers += [layer.values.tobytes(), _bytes(layer.across), _bytes(layer.up)]
    return {"first": first, "kind": layer.values.dtype.str[1:]}


def _bytes(axis: FloatArray) -> bytes:
    return axis.astype(np.float64).tobytes()


def _lines(lines: Lines | None, buffers: list[bytes]) -> dict[str, Any] | None:
    if lines is None:
        return None
    first = len(buffers)
    buffers += [lines.points.tobytes(), lines.starts.tobytes(), lines.roi.tobytes()]
    return {"first": first}


def dose_colors(name: str) -> bytes:
    """256 colours of a matplotlib colour map as red, green, blue; of a rainbow its middle part.

    Raises
    ------
    UnknownNameError
        matplotlib has no such colour map.
    """
    from matplotlib import colormaps  # noqa: PLC0415 (slow)

    if name not in colormaps:
        raise UnknownNameError(f"no colour map {name!r}; {did_you_mean(name, colormaps)}")
    ends = _PART if name == "turbo" else (0.0, 1.0)
    colors = colormaps[name](np.linspace(*ends, 256), bytes=True)
    return np.ascontiguousarray(colors[:, :3], dtype=np.uint8).tobytes()
