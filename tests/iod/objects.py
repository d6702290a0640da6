"""Reading, comparing and writing objects for the tests of the tables and the builder."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from rtxr.export.writing.files import file_bytes
from rtxr.iod.encoding.raw import items_of, numbers_of, text_of
from rtxr.iod.items.contours import hex_color
from rtxr.iod.rt_structure_set import StructureData


def header_and_bulk(path: Path) -> tuple[pydicom.Dataset, pydicom.Dataset]:
    """An object without its bulk, and as it is in the file; a dose keeps its own points."""
    data = Path(path).read_bytes()
    header, full = (pydicom.dcmread(io.BytesIO(data), force=True) for _ in range(2))
    if "PixelData" in header:
        del header["PixelData"]
    is_structure_set = text_of(header, "Modality") == "RTSTRUCT"
    for roi in items_of(header, "ROIContourSequence") if is_structure_set else []:
        for contour in items_of(roi, "ContourSequence"):
            if "ContourData" in contour:
                del contour["ContourData"]
    return header, full


def differences(
    source: pydicom.Dataset, built: pydicom.Dataset, path: str = ""
) -> tuple[list[str], list[str]]:
    """Elements of the source that are lost or have other bytes, and elements that were added."""
    changed: list[str] = []
    added = [
        path + (keyword_for_tag(element.tag) or str(element.tag))
        for element in built.elements()
        if element.tag not in source
    ]
    for old in source.elements():
        new = built.get_item(old.tag)
        here = path + (keyword_for_tag(old.tag) or str(old.tag))
        if new is None:
            changed.append(f"{here} lost")
        elif "SQ" in (old.VR, new.VR) and not old.tag.is_private:
            first, second = items_of(source, old.tag), items_of(built, old.tag)
            if len(first) != len(second):
                changed.append(f"{here}: {len(first)} items, now {len(second)}")
                continue
            for at, (one, other) in enumerate(zip(first, second, strict=True)):
                lost, more = differences(one, other, f"{here}[{at}].")
                changed += lost
                added += more
        elif isinstance(old, RawDataElement) and isinstance(new, RawDataElement):
            if old.value != new.value:
                changed.append(f"{here}: other bytes")
        elif source[old.tag].value != built[old.tag].value:
            changed.append(f"{here}: other value")
    return changed, added


def structure_data(source: pydicom.Dataset, *, texts: bool = True) -> StructureData:
    """The arrays of a structure set; with the Contour Data as stored or without."""
    rois = items_of(source, "StructureSetROISequence")
    kinds: dict[int, str] = {}
    for observation in items_of(source, "RTROIObservationsSequence"):
        number = int(observation.ReferencedROINumber)
        kinds.setdefault(number, text_of(observation, "RTROIInterpretedType"))
    colors: dict[int, str] = {}
    keys, owners, types, images, stored = [], [], [], [], {}
    for roi in items_of(source, "ROIContourSequence"):
        number = int(roi.ReferencedROINumber)
        colors.setdefault(number, hex_color(numbers_of(roi, "ROIDisplayColor")))
        for contour in items_of(roi, "ContourSequence"):
            image = items_of(contour, "ContourImageSequence")
            raw = contour.get_item("ContourData")
            stored[len(keys)] = b"" if raw is None else raw.value or b""
            keys.append(len(keys))
            owners.append(number)
            types.append(text_of(contour, "ContourGeometricType"))
            images.append(text_of(image[0], "ReferencedSOPInstanceUID") if image else "")
    numbers = [int(roi.ROINumber) for roi in rois]
    return StructureData(
        roi_numbers=numbers,
        roi_names=[text_of(roi, "ROIName") for roi in rois],
        roi_types=[kinds.get(number, "") for number in numbers],
        roi_colors=[colors.get(number, "") for number in numbers],
        contour_keys=keys,
        contour_roi_numbers=owners,
        contour_types=types,
        contour_image_uids=images,
        points=[points_of(text) for text in stored.values()],
        texts=stored if texts else {},
    )


def points_of(text: bytes) -> np.ndarray:
    """Contour Data as points, (n, 3)."""
    parts = text.strip(b" \0").split(b"\\") if text.strip(b" \0") else []
    return np.array(parts, dtype=float).reshape(-1, 3)


def write(dataset: pydicom.Dataset, path: Path, *, implicit_vr: bool = False) -> Path:
    """Write an object as the export does: raw elements as they are."""
    syntax = ImplicitVRLittleEndian if implicit_vr else ExplicitVRLittleEndian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values of a source are written as they are
        path.write_bytes(file_bytes(dataset, syntax))
    return path


def codes(findings) -> list[str]:
    """Code and attribute of each finding, for short comparisons."""
    return [f"{each.code} {each.message.split(')', 1)[1].split()[0]}" for each in findings]
