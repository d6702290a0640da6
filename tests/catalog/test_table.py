"""The table: what kind of object a row is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import factories as make
from pydicom import uid as sop

from catalog.scanned import codes, table_of
from rtxr.catalog import Catalog, find_cases
from rtxr.catalog.table import kinds

Catalogued = Callable[..., Catalog]


def test_kind_follows_the_sop_class_before_the_modality(tmp_path: Path) -> None:
    private = "1.3.46.670589.11.0.0.12.1"
    objects = [
        make.ct_slice(1, 0, Modality="MR", name="contradiction"),
        make.ct_slice(2, 0, SOPClassUID=private, name="placed"),
        make.base(private, "CT", "no image"),
        make.base(sop.SegmentationStorage, "SEG", "seg"),
        make.plan(SOPClassUID=sop.RTIonPlanStorage),
        make.rt_image(Modality="CT"),
        make.dose(Modality="MR"),
    ]
    make.write(tmp_path, objects)
    table = table_of(tmp_path)
    by_name = dict(zip(table["SOPInstanceUID"], kinds(table), strict=True))
    assert [by_name[ds.SOPInstanceUID] for ds in objects] == [
        *("CT", "CT", "", ""),
        *("RTPLAN", "RTIMAGE", "RTDOSE"),
    ]
    assert "modality-contradicts-sop-class" in codes(find_cases(table))
