"""What ``.rt`` says of itself."""

from __future__ import annotations

import inspect
import re

import rtxr
from rtxr import cohort
from rtxr.accessor import DataArrayRT, DatasetRT, DataTreeRT


def public(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_documentation_of_rt_names_every_method(phantom):
    text = inspect.getdoc(rtxr.open_dir(phantom).rt) or ""
    own, others = text.split("``ds.dose.rt`` has")
    listed = re.findall(r"``(\w+)``", own)
    assert set(listed) == public(DatasetRT)
    assert len(listed) == len(set(listed))
    assert public(DataArrayRT) <= set(re.findall(r"``(\w+)``", others))


def test_methods_of_a_tree_say_what_their_functions_say():
    for name in ("to_dicom", "validate"):
        method, function = getattr(DataTreeRT, name), getattr(cohort, name)
        assert (
            list(inspect.signature(method).parameters)[1:]
            == (list(inspect.signature(function).parameters)[1:])
        )
        assert "    tree : DataTree" not in method.__doc__
        assert "**options" in method.__doc__
