"""The objects of a case to one Dataset: every file's header is read once, no pixel is.

What cannot be read is left out with a Finding as long as something else can be opened; a dose
without its scaling is there, and refuses to be read.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from rtxr import header_store, model
from rtxr.catalog import Case
from rtxr.catalog.stacks import leaves_doubles
from rtxr.catalog.table import KINDS
from rtxr.errors import Finding, GeometryError, NotDicomError, PixelDecodeError, RTXRError
from rtxr.geometry import Grid
from rtxr.read.ct_image import policy, read_image
from rtxr.read.even_stack import RESAMPLED
from rtxr.read.headers import Header, read_header
from rtxr.read.lazy import chunked
from rtxr.read.part import Part
from rtxr.read.rt_dose import check_scaling, has_grid, read_dose
from rtxr.read.rt_image import read_rt_images
from rtxr.read.rt_images.table import absent_beams
from rtxr.read.rt_plan import image_findings, read_plan
from rtxr.read.rt_structure_set import read_structure_set
from rtxr.read.side_by_side import side_by_side
from rtxr.read.slices import OnIrregular, refuse
from rtxr.read.structures.image_references import image_reference_findings
from rtxr.read.structures.tables import MaskSource, with_mask

Chunks = Mapping[Hashable, int] | int | str


def open_case(
    case: Case,
    *,
    chunks: Chunks | None = None,
    on_irregular: str = "keep",
    mask_source: MaskSource | None = None,
    cache: bool = True,
    dose_grid_scaling: float | None = None,
) -> xr.Dataset:
    """Open the objects of one case as one lazy Dataset.

    Parameters
    ----------
    case : Case
        Which files, from the index.
    chunks : mapping, int or "auto", optional
        Make dask arrays; ``{}`` takes one slice, one dose, one ROI per chunk.
    on_irregular : {"keep", "raise", "resample"}
        Uneven, missing, duplicate or mixed slices: keep them at their true positions with
        Findings; refuse; or put an uneven image on even positions at its usual step, linear
        between neighbouring slices, float and lazy, with Findings that say so. An even image, the
        doses and the contours are not touched. Files of one SOPInstanceUID that differ are
        refused as duplicates are; exact copies of a file are one image, in which nothing is
        irregular.
    mask_source : callable, optional
        What draws masks from a Dataset with contours and an image; without it there is no
        ``mask``.
    cache : bool, default: True
        Keep values in memory once a whole variable was loaded; masks never are.
    dose_grid_scaling : float, optional
        Gy (or the dose's unit) per stored integer of the doses that lack (3004,000E)
        DoseGridScaling. Not given, such a dose is there with a Finding ``dose-scaling-missing``,
        and asking for its values raises MissingDataError.

    Returns
    -------
    Dataset
        As docs/architecture.md describes it; pixels, doses and masks are read when touched.
        ``attrs["rtxr_findings"]`` holds what was odd (:func:`rtxr.model.findings_of`).

    Raises
    ------
    GeometryError
        ``on_irregular="raise"`` and the image is not one even stack, images of its series at
        the same positions were set aside, or one of several unlike files of one SOPInstanceUID
        was used; or the image, being all there is, cannot be placed.
    NotDicomError
        Nothing of the case can be read.
    RTXRError
        ``cache`` is neither True nor False; ``dose_grid_scaling`` is not above 0.
    """
    checked = policy(on_irregular)
    check_scaling(dose_grid_scaling)
    if not isinstance(cache, bool | np.bool_):
        raise RTXRError(
            f"cache must be True or False (keep loaded values in memory), not {cache!r}; the file "
            "that remembers scans is named by rtxr.scan(path, cache=...)"
        )
    image, error = _image(case, checked, cache)
    frame = _frame_of_reference(image)
    plan = _plan_header(case)
    dosed = _doses(case, cache, dose_grid_scaling)
    flat = _rt_images(case, cache)
    parts = [image, _structure_set(case, frame), _plan(plan), *dosed, flat]
    if error is not None and not any(part.records for part in parts):
        raise error
    if isinstance(plan, Header):
        referred = image_findings(plan, _uids(case, parts))
        parts.append(Part(findings=[*referred, *absent_beams(plan, flat)]))
    parts.append(Part(findings=[*_first_dose(case, dosed), *_case_findings(parts)]))
    ds = _dataset(case, parts)
    if mask_source is not None and model.image_name(ds) and model.ROI_NUMBER in ds.coords:
        ds = with_mask(ds, mask_source)
    return ds if chunks is None else chunked(ds, chunks)


def _dataset(case: Case, parts: Sequence[Part]) -> xr.Dataset:
    data_vars = {name: each for part in parts for name, each in part.data_vars.items()}
    coords = {name: each for part in parts for name, each in part.coords.items()}
    records = [record for part in parts for record in part.records]
    findings = dict.fromkeys([*case.findings, *(each for part in parts for each in part.findings)])
    attrs = {model.FINDINGS_ATTR: model.findings_to_json(findings)}
    return xr.Dataset(data_vars, {**coords, **header_store.pack(records)}, attrs)


def _image(case: Case, on_irregular: OnIrregular, cache: bool) -> tuple[Part, RTXRError | None]:
    """The image series, or the reason why it was left out."""
    if case.image is None or not len(case.image):
        return Part(), None
    files = set(case.image["path"])
    refuse([each for each in case.findings if _ambiguous(each, files)], on_irregular)
    tried = _headers(case.image["path"])
    findings = [each for each in tried if isinstance(each, Finding)]
    try:
        part = _read_image(case, tried, on_irregular, cache)
    except (GeometryError, NotDicomError, PixelDecodeError) as error:
        if on_irregular == "raise":
            raise
        finding = Finding("image-not-opened", "error", str(error))
        return Part(findings=[*findings, finding]), error
    part.findings[:0] = findings
    return part, None


def noticed(case: Case) -> list[Finding]:
    """What opening says of the stack, the grids and the scaling of a case; nothing raises."""
    files = [] if case.image is None or not len(case.image) else [str(case.image["path"].iloc[0])]
    image, _ = _image(case, "keep", cache=False)
    told = [replace(each, path=each.path or "".join(files)) for each in image.findings]
    return [*told, *(each for part in _doses(case, False, None) for each in part.findings)]


def _ambiguous(finding: Finding, files: Collection[str]) -> bool:
    """Whether a finding says that other values could stand at a place of the image."""
    differ = (finding.code, finding.severity) == ("duplicate-sop-instance", "warning")
    return leaves_doubles(finding) or (differ and finding.path in files)


def _read_image(
    case: Case, tried: Sequence[Header | Finding], on_irregular: str, cache: bool
) -> Part:
    """The image series from the files that could be read, each with its label."""
    labels = [at for at, each in zip(_labels(case), tried, strict=True) if isinstance(each, Header)]
    headers = [each for each in tried if isinstance(each, Header)]
    if not headers:
        reason = next(each.message for each in tried if isinstance(each, Finding))
        raise NotDicomError(f"none of the {len(tried)} files of the image can be read: {reason}")
    return read_image(
        headers,
        _modality(headers),
        on_irregular=on_irregular,
        cache=cache,
        leading=case.leading,
        labels=labels,
    )


def _labels(case: Case) -> list[int]:
    """Which combination of leading labels each file of the image belongs to."""
    count = 0 if case.image is None else len(case.image)
    per_label = count // math.prod(len(each.labels) for each in case.leading)
    return [at // per_label for at in range(count)]


def _modality(headers: Sequence[Header]) -> str:
    """Kind of image: by SOP Class, since Modality is wrong or missing in some files."""
    return KINDS.get(headers[0].text("SOPClassUID"), headers[0].text("Modality"))


def _headers(paths: Iterable[str]) -> list[Header | Finding]:
    """Header of each file; of one that cannot be read a Finding."""
    return list(side_by_side(_header_or_finding, [str(path) for path in paths]))


def _header_or_finding(path: str) -> Header | Finding:
    try:
        return read_header(path)
    except (NotDicomError, OSError) as error:
        return Finding("file-not-opened", "error", str(error), path=path)


def _structure_set(case: Case, frame_of_reference_uid: str) -> Part:
    if case.structure_set is None:
        return Part()
    path = str(case.structure_set["path"])
    try:
        return read_structure_set(path, frame_of_reference_uid=frame_of_reference_uid)
    except (NotDicomError, OSError) as error:
        return Part(findings=[Finding("structure-set-not-opened", "error", str(error), path=path)])


def _plan_header(case: Case) -> Header | Finding | None:
    return None if case.plan is None else _header_or_finding(str(case.plan["path"]))


def _plan(header: Header | Finding | None) -> Part:
    if header is None:
        return Part()
    return Part(findings=[header]) if isinstance(header, Finding) else read_plan(header)


def _doses(case: Case, cache: bool, scaling: float | None) -> list[Part]:
    """Doses in the order of the case; those that have no usable grid leave a Finding."""
    parts: list[Part] = []
    shared: Grid | None = None
    number = 1
    for row in case.doses:
        header = _header_or_finding(str(row["path"]))
        if isinstance(header, Finding):
            parts.append(Part(findings=[header]))
            continue
        name = model.DOSE if number == 1 else f"{model.DOSE}_{number}"
        part = _dose(header, name, shared, cache, scaling)
        parts.append(part)
        if part.data_vars:
            if shared is None and len(case.doses) > 1:
                shared = _grid(part, name)
            number += 1
    return parts


def _dose(
    header: Header, name: str, shared: Grid | None, cache: bool, scaling: float | None
) -> Part:
    uid, path = header.record.uid, header.record.path
    if not has_grid(header):
        message = "the RT Dose holds no dose grid ((7FE0,0010) PixelData is absent or empty)"
        finding = Finding("dose-without-grid", "warning", message, uid, path)
        return Part(records=[header.record], findings=[finding])
    try:
        return read_dose(header, name, shared=shared, cache=cache, scaling=scaling)
    except (GeometryError, PixelDecodeError) as error:
        return Part(findings=[Finding("dose-not-opened", "error", str(error), uid, path)])


def _rt_images(case: Case, cache: bool) -> Part:
    """RT Images in the order of the case."""
    tried = _headers(case.rt_images["path"]) if len(case.rt_images) else []
    part = read_rt_images([each for each in tried if isinstance(each, Header)], cache=cache)
    part.findings[:0] = [each for each in tried if isinstance(each, Finding)]
    return part


def _grid(part: Part, name: str) -> Grid:
    return model.grid_of(xr.DataArray(part.data_vars[name], part.coords, name=name))


# --- findings about the case as a whole -----------------------------------------------------------
def _uids(case: Case, parts: Sequence[Part]) -> set[str]:
    """SOPInstanceUIDs of all objects of a case, those that are not opened included."""
    uids = {record.uid for part in parts for record in part.records}
    return uids | set(case.rt_images["SOPInstanceUID"] if len(case.rt_images) else ())


def _frame_of_reference(part: Part) -> str:
    for name, coord in part.coords.items():
        if name.endswith(model.SPATIAL_REF):
            return str(coord.attrs.get("FrameOfReferenceUID", ""))
    return ""


def _first_dose(case: Case, doses: Sequence[Part]) -> list[Finding]:
    """What became ``dose`` where the dose that comes first could not be opened."""
    opened = next((part for part in doses if part.data_vars), None)
    if opened is None or opened.records[0].path == str(case.doses[0]["path"]):
        return []
    uid, first = opened.records[0].uid, case.doses[0]["SOPInstanceUID"]
    kind = opened.data_vars[model.DOSE].attrs["DoseSummationType"]
    code = "dose-chosen" if kind == "PLAN" else "dose-not-plan-total"
    message = (
        f"the first dose {first} of this case could not be opened, so that {model.DOSE!r} is the "
        f"{kind or 'untyped'} dose {uid}"
    )
    return [Finding(code, "warning", message, uid)]


def _case_findings(parts: Sequence[Part]) -> list[Finding]:
    findings = []
    frames = {frame for part in parts if (frame := _frame_of_reference(part))}
    if len(frames) > 1:
        message = (
            "image and doses name different frames of reference ((0020,0052) "
            "FrameOfReferenceUID); positions are compared as if they were one"
        )
        findings.append(Finding("frame-of-reference-mismatch", "warning", message))
    return findings + _image_reference_findings(parts)


def _image_reference_findings(parts: Sequence[Part]) -> list[Finding]:
    """Contours that name images which are not those of the case, or not in their plane."""
    images = set(model.IMAGE_NAMES.values())
    image = next((part for part in parts if images & set(part.data_vars)), None)
    if image is None:
        return []
    coords = {name: coord for part in parts for name, coord in part.coords.items()}
    found = image_reference_findings(coords, _grid(image, next(iter(image.data_vars))))
    if not any(each.code == RESAMPLED for each in image.findings):
        return found
    # Contours name the slices that there were, which need not be where planes are now.
    return [each for each in found if each.code == "contour-images-absent"]
