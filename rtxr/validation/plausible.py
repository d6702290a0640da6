"""Values that are hardly meant, whatever the Standard allows: terms, angles, jaws, leaves, codes.

Defined terms may be extended, so that another one is a warning; readers that do not know it will
not know what the object is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rtxr.errors import Severity, Violation
from rtxr.iod.items.beams import LEAVES, TURN, TURNS
from rtxr.iod.items.rois import INTERPRETED_TYPES
from rtxr.validation.facts import tag
from rtxr.validation.subject import Subject
from rtxr.validation.walk import Item, Path

_POSITIONS = (
    *("HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL"),
    *("LFS", "LFP", "RFS", "RFP", "AFDR", "AFDL", "PFDR", "PFDL", "SITTING"),
)
#: Attribute > defined terms of PS3.3 C.7.3.1.1.2, C.8.8.3, C.8.8.8, C.8.8.9, C.8.8.12, C.8.8.14,
#: C.8.8.25.
TERMS: Mapping[str, tuple[str, ...]] = {
    "DoseSummationType": (
        *("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "FRACTION", "BEAM", "BRACHY", "FRACTION_SESSION"),
        *("BEAM_SESSION", "BRACHY_SESSION", "CONTROL_POINT", "RECORD"),
    ),
    "PatientPosition": _POSITIONS,
    "PlanIntent": (
        *("CURATIVE", "PALLIATIVE", "PROPHYLACTIC", "VERIFICATION", "MACHINE_QA", "RESEARCH"),
        "SERVICE",
    ),
    "RTROIInterpretedType": INTERPRETED_TYPES,
    "RTBeamLimitingDeviceType": ("X", "Y", "ASYMX", "ASYMY", "MLCX", "MLCY"),
    "RadiationType": ("PHOTON", "ELECTRON", "NEUTRON", "PROTON", "ION"),
    "TreatmentDeliveryType": (
        *("TREATMENT", "OPEN_PORTFILM", "TRMT_PORTFILM", "CONTINUATION", "SETUP"),
    ),
}
#: Metersets, which are delivered and never taken back (PS3.3 C.8.8.13, C.8.8.14).
METERSETS = ("BeamMeterset", "FinalCumulativeMetersetWeight")
_MLC, _BOUNDARIES = (b"MLCX", b"MLCY"), tag("LeafPositionBoundaries")
_DEVICES = [
    (tag(name),) for name in ("BeamLimitingDeviceSequence", "IonBeamLimitingDeviceSequence")
]
_JAWS = (b"X", b"Y", b"ASYMX", b"ASYMY")
_LEAVES = tuple(map(str.encode, LEAVES))
_TYPE, _EDGES, _SCALING = map(
    tag, ("RTBeamLimitingDeviceType", "LeafJawPositions", "DoseGridScaling")
)
_CODES, _DESIGNATOR = (tag("CodeValue"), tag("LongCodeValue")), tag("CodingSchemeDesignator")
#: What a walk has to keep.
WANTED = frozenset(
    (*map(tag, (*TERMS, *TURNS, *METERSETS)), _TYPE, _EDGES, _SCALING, *_CODES, _DESIGNATOR)
)
_Row = tuple[str, Severity, Path, str, str]


def check(subject: Subject, items: Sequence[Item]) -> Iterator[Violation]:
    """Values of an object that are hardly meant.

    Parameters
    ----------
    subject : Subject
        The object.
    items : sequence of Item
        From a walk over it that kept :data:`WANTED`.
    """
    found: Counter[_Row] = Counter()
    for item in items:
        if item.values.keys().isdisjoint(WANTED):
            continue
        for check_item in _CHECKS:
            found.update(check_item(item))
    for (code, severity, path, message, fix), count in found.items():
        times = f" ({count} items)" if count > 1 else ""
        yield subject.violation(code, severity, path, message + times, fix)


def _terms(item: Item) -> Iterator[_Row]:
    for keyword, allowed in TERMS.items():
        value = item.values.get(tag(keyword), b"").decode("latin-1").strip()
        if value and value not in allowed:
            message = "is no term that PS3.3 defines for it"
            yield _doubt(
                "unknown-term", item, keyword, message, f"write one of {', '.join(allowed)}"
            )


def _angles(item: Item) -> Iterator[_Row]:
    for keyword in TURNS:
        angle = _numbers(item, tag(keyword))[:1]
        if angle and not 0 <= angle[0] <= TURN:
            message = f"is {angle[0]:g}, and angles are from 0 to {TURN:g} degrees"
            yield _doubt("odd-angle", item, keyword, message, f"write it modulo {TURN:g}")


def _jaws(item: Item) -> Iterator[_Row]:
    edges = _numbers(item, _EDGES)
    if item.values.get(_TYPE) in _JAWS and len(edges) == 2 and edges[0] > edges[1]:
        kind = item.values[_TYPE].decode()
        message = f"of {kind} are {edges[0]:g} and {edges[1]:g}: the jaws cross"
        fix = "write the lower position first, or the true ones"
        yield _doubt("jaws-cross", item, "LeafJawPositions", message, fix)


def _crossed_leaves(item: Item) -> Iterator[_Row]:
    """Leaves beyond those opposite: positions of one side, then of the other (PS3.3 C.8.8.14)."""
    if item.values.get(_TYPE) not in _LEAVES:
        return
    edges = _numbers(item, _EDGES)
    pairs = len(edges) // 2
    if any(first > second for first, second in zip(edges[:pairs], edges[pairs:], strict=False)):
        kind = item.values[_TYPE].decode()
        message = f"of {kind} put leaves beyond those opposite: the leaves cross"
        fix = "write the lower position of each pair among the first half, or the true ones"
        yield _doubt("leaves-cross", item, "LeafJawPositions", message, fix)


def _metersets(item: Item) -> Iterator[_Row]:
    for keyword in METERSETS:
        meterset = _numbers(item, tag(keyword))[:1]
        if meterset and meterset[0] < 0:
            message = f"is {meterset[0]:g}, and less than nothing cannot be delivered"
            fix = "write the true meterset, 0 or more"
            yield _doubt("negative-meterset", item, keyword, message, fix)


def _leaves(item: Item) -> Iterator[_Row]:
    """Leaves that nobody knows the place of (PS3.3 C.8.8.14)."""
    if item.path[-1:] not in _DEVICES or item.values.get(_TYPE) not in _MLC:
        return
    if not item.counts.get(_BOUNDARIES):
        kind = item.values[_TYPE].decode()
        message = f"of {kind} is not there, so that nobody knows how wide its leaves are"
        fix = "write the boundaries: leaf_boundaries= of ds.rt.add_plan(...)"
        yield _doubt("leaf-boundaries-missing", item, "LeafPositionBoundaries", message, fix)


def _codes(item: Item) -> Iterator[_Row]:
    """Codes of no scheme (PS3.3 Table 8.8-1)."""
    if any(item.values.get(each) for each in _CODES) and not item.values.get(_DESIGNATOR):
        path = (*item.path, _DESIGNATOR)
        message = "has no value, and PS3.3 8.8 asks for one where there is a code value"
        yield "missing-type-1", "error", path, message, "write the scheme that the code is of"


def _scaling(item: Item) -> Iterator[_Row]:
    scaling = _numbers(item, _SCALING)[:1]
    if scaling and not scaling[0] > 0:
        message = f"is {scaling[0]:g}, and so are all doses, or less"
        fix = "write what one stored integer stands for"
        yield _doubt("dose-scaling-odd", item, "DoseGridScaling", message, fix)


_CHECKS = (_terms, _angles, _jaws, _crossed_leaves, _metersets, _leaves, _codes, _scaling)


def _doubt(code: str, item: Item, keyword: str, message: str, fix: str) -> _Row:
    return code, "warning", (*item.path, tag(keyword)), message, fix


def _numbers(item: Item, wanted: int) -> list[float]:
    try:
        return [float(each) for each in item.values.get(wanted, b"").split(b"\\") if each.strip()]
    except ValueError:
        return []
