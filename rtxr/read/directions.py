"""What is noticed about the directions of rows and columns of an image or a dose."""

from __future__ import annotations

from rtxr.errors import Finding
from rtxr.geometry import FloatArray, are_directions


def direction_findings(orientation: FloatArray) -> list[Finding]:
    """A Finding where Image Orientation (Patient) (6,) is no pair of directions.

    It counts as it stands: position = index x spacing x cosine, whatever its length (PS3.3
    C.7.6.2.1.1), so that a vector twice as long doubles the spacing.
    """
    if are_directions(orientation):
        return []
    message = (
        "(0020,0037) ImageOrientationPatient holds no two directions of unit length at a right "
        "angle; voxels are where its numbers put them, so that distances along rows and columns "
        "are not those of (0028,0030) PixelSpacing"
    )
    return [Finding("direction-cosines", "warning", message)]
