"""The table of standard names."""

from __future__ import annotations

import pytest

from rtxr import tg263
from rtxr.roi_names import _folded, _sorted, _standard

BY_NAME, PATTERNS = _sorted(tg263.table())


def test_no_spelling_stands_for_two_and_each_name_for_itself():
    assert all(_standard(name, BY_NAME, PATTERNS) == name for name in tg263.table())
    assert len(tg263.table()) == len(tg263.SINGLE) + 2 * len(tg263.PAIRED) + len(tg263.TARGETS)
    assert all(len(name) <= 16 for name in tg263.table())  # as the report asks for
    assert all(_folded(name) for name in BY_NAME)


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("Lt Lung", "Lung_L"),
        ("LUNG_RIGHT", "Lung_R"),
        ("Lunge li.", "Lung_L"),
        ("Both Lungs", "Lungs"),
        ("spinal cord", "SpinalCord"),
        ("Optic Nerve L", "OpticNrv_L"),
        ("R Optic-Nerve", "OpticNrv_R"),
        ("FemoralHead_L", "Femur_Head_L"),
        ("oesophagus", "Esophagus"),
        ("external", "Body"),
        ("PTV", "PTV"),
        ("ptv1", "PTV"),
        ("PTV_70", "PTV"),
        ("PTV 59.4 Gy", "PTV"),
        ("CTV_5000cGy", "CTV"),
        ("itv", "ITV"),
        ("PTV-CTV", ""),
        ("PTV_70-PTV_60", ""),
        ("PTV ring", ""),
        ("Lungs-GTV", ""),
        ("SpinalCord_PRV05", ""),
        ("Dose 20[Gy]", ""),
        ("L", ""),
        ("Lung", ""),
    ],
)
def test_spellings(name, standard):
    assert _standard(name, BY_NAME, PATTERNS) == standard
