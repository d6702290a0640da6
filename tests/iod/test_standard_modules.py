"""Tables of one's own, written as PS3.3 prints them."""

from __future__ import annotations

import pytest

from rtxr.errors import RTXRError, UnknownNameError
from rtxr.iod.standard_modules import module_rows, module_uses
from rtxr.iod.tables import IODS, Module


def test_modules_of_the_standard_are_found_by_name():
    own = Module("SC Equipment", "C.8.6.1", module_rows("1 ConversionType"))
    patient, contrast, voi, equipment = module_uses(
        """
        M Patient
        C Contrast/Bolus | contrast was used
        U VOI LUT
        M SC Equipment
        """,
        own,
    )
    assert patient.module is IODS["CT"].modules[0].module
    assert (contrast.usage, contrast.condition) == ("C", "contrast was used")
    assert (voi.usage, voi.module.section) == ("U", "C.11.2")
    assert equipment.module is own


@pytest.mark.parametrize(
    ("line", "error", "complaint"),
    [
        ("M Pateint", UnknownNameError, "did you mean 'Patient'"),
        ("Patient", RTXRError, "no use of a module: 'Patient'"),
        ("C VOI LUT", RTXRError, r"usage C has a condition.* `C VOI LUT \| why`"),
        ("M SC Equipment", UnknownNameError, "Or pass a Module of your own"),
        ("M VOI LUT | always", RTXRError, "usage C has a condition"),
    ],
)
def test_what_is_no_use_of_a_module_is_refused(line, error, complaint):
    with pytest.raises(error, match=complaint):
        module_uses(line)


def test_rows_may_include_macros():
    (sequence,) = module_rows("3 ProcedureCodeSequence\n>include CODE")
    assert {"CodeValue", "CodeMeaning"} <= {row.keyword for row in sequence.items}
    with pytest.raises(RTXRError, match="no keyword of the DICOM data dictionary"):
        module_rows("1 ConversionTyp")
