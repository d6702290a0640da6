"""Grids: where voxels are, in a grid's own millimetres and in patient millimetres (numpy only).

Two coordinate systems meet here. *Patient* points are (x, y, z) in millimetres in the DICOM
patient system: x to the patient's left, y to the back, z to the head (LPS). A grid's *own* points
are (x, y, z) or (column, row, slice) in millimetres along its own axes. The 4x4 matrix of a
:class:`Grid` takes own points to patient points; it is the identity for axis-aligned grids.
"""

from rtxr.geometry.grid import (
    ALIGNMENT_TOLERANCE_MM,
    AXIS_NAMES,
    OBLIQUE_NAMES,
    FloatArray,
    Grid,
    as_decimals,
    cell_edges,
    fractional_positions,
)
from rtxr.geometry.stacks import (
    Layout,
    are_directions,
    layout_for,
    offsets_are_patient_z,
    own_orientation,
    slice_normal,
    slice_origins,
    stack_grid,
)

__all__ = [
    "ALIGNMENT_TOLERANCE_MM",
    "AXIS_NAMES",
    "OBLIQUE_NAMES",
    "FloatArray",
    "Grid",
    "Layout",
    "are_directions",
    "as_decimals",
    "cell_edges",
    "fractional_positions",
    "layout_for",
    "offsets_are_patient_z",
    "own_orientation",
    "slice_normal",
    "slice_origins",
    "stack_grid",
]
