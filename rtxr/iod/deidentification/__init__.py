"""De-identification: PS3.15 Annex E as data, and the walk that applies it to an object.

- ``table``: the actions of Table E.1-1, row by row; ``beyond``: what it does not speak of
- ``profile``: what a caller asks for, and which action an attribute gets
- ``values``, ``words``, ``private``: dummies and shifted dates, what makes a text telling, safe
  private elements
- ``walk``: one object through the profile
- ``statement``: what an object says of its de-identification
"""

from __future__ import annotations

from rtxr.iod.deidentification.profile import OPTIONS, Deidentify

__all__ = ["OPTIONS", "Deidentify"]
