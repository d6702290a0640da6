"""What a caller sets by keyword: in every object, or in those of one IOD or variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.export.changes import set_values
from rtxr.export.objects import Outgoing
from rtxr.iod.encoding.raw import item
from rtxr.iod.owned import OWNED, edit_hint
from rtxr.iod.tables import IOD, IODS, Attribute, key_of

#: Arguments of an export that are no keywords of DICOM, which begin with a capital.
OPTIONS = (
    *("uids", "uid_map", "overwrite", "strict", "dvh", "deidentify", "transfer_syntax"),
    *("attributes", "before_save"),
)


@dataclass(frozen=True)
class Overrides:
    """Attributes that a caller sets.

    Parameters
    ----------
    everywhere : mapping
        Keyword > value, for every object whose IOD has the attribute.
    single : mapping
        Short name of an IOD, or a variable > keyword > value; a variable comes before its IOD,
        and that before what is set everywhere.
    """

    everywhere: Mapping[str, object] = field(default_factory=dict)
    single: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def given(self, each: Outgoing) -> dict[str, object]:
        """Values for one object, as the caller gave them."""
        known = each.iod.keywords
        shared = {name: value for name, value in self.everywhere.items() if name in known}
        own = (self.single.get(name, {}) for name in (key_of(each.iod), each.variable))
        values: dict[str, object] = {**shared}
        for some in own:
            values |= some
        return values

    def of(self, each: Outgoing) -> dict[str, object]:
        """Values for one object, the items of sequences as data sets."""
        given = self.given(each)
        return {name: writable(each.iod, name, value) for name, value in given.items()}

    def apply(self, each: Outgoing) -> Outgoing:
        """An object with its values set; those that say what its header says are no change."""
        return set_values(each, self.of(each), "set by the caller: ")

    def require(self, objects: Iterable[Outgoing]) -> None:
        """Raise UnknownNameError where nothing is written that a value is for."""
        names: dict[str, IOD] = {}
        for each in objects:
            names |= {each.variable: each.iod, key_of(each.iod): each.iod}
        for name, values in self.single.items():
            if name not in names:
                raise UnknownNameError(
                    f"attributes={{{name!r}: ...}}: the case writes no such object; "
                    f"{did_you_mean(name, sorted(names))}"
                )
            for keyword in values:
                _require_known(keyword, names[name].keywords, f"of {names[name].name}")


def overrides(
    everywhere: Mapping[str, object], single: Mapping[str, Mapping[str, object]] | None = None
) -> Overrides:
    """What a caller sets, checked as far as the keywords tell.

    Raises
    ------
    UnknownNameError
        A keyword that no IOD has, or that is not the caller's to set.
    RTXRError
        ``single`` is no mapping of mappings.
    """
    existing = frozenset(keyword for iod in IODS.values() for keyword in iod.keywords)
    for keyword in everywhere:
        _require_known(keyword, existing, "of the IODs written here")
    for name, values in (single or {}).items():
        if not isinstance(values, Mapping):
            raise RTXRError(
                f"attributes={{{name!r}: ...}}: give a mapping of keywords for each IOD or "
                f'variable, such as {{"RTDOSE": {{"DoseComment": "..."}}}}; {name}=... sets one '
                "everywhere"
            )
        for keyword in values:
            _require_known(keyword, existing, "of the IODs written here")
    return Overrides(dict(everywhere), dict(single or {}))


def _require_known(keyword: str, existing: Iterable[str], where: str) -> None:
    if keyword not in existing:
        if keyword[:1].islower():
            near = did_you_mean(keyword, OPTIONS)
            raise UnknownNameError(f"{keyword!r} is no argument of an export; {near}")
        of = [iod.name for iod in IODS.values() if keyword in iod.keywords]
        near = f"it is one of {', '.join(of)}" if of else did_you_mean(keyword, sorted(existing))
        raise UnknownNameError(f"{keyword!r} is no attribute {where}; {near}")
    if keyword in OWNED:
        raise UnknownNameError(f"{keyword} {edit_hint(keyword)}")


def writable(iod: IOD, keyword: str, value: object) -> object:
    """A value as the tables want it: the items of a sequence as data sets."""
    row = iod.paths.get(keyword)
    return value if row is None or row.vr != "SQ" else items(value, row, keyword)


def items(value: object, row: Attribute, path: str) -> list[Dataset]:
    """Items of a sequence from mappings of keywords to values, nested ones too.

    Raises
    ------
    UnknownNameError
        A keyword that the items of this sequence do not have.
    RTXRError
        No list of mappings or data sets, or a value that does not fit.
    """
    if not isinstance(value, Sequence | None) or isinstance(value, str | bytes):
        raise RTXRError(f"{path} is a sequence: give a list of mappings or data sets")
    return [_item(each, row, path) for each in value or ()]


def _item(value: object, row: Attribute, path: str) -> Dataset:
    if isinstance(value, Dataset):
        return value
    if not isinstance(value, Mapping):
        raise RTXRError(f"{path} is a sequence: give a list of mappings or data sets")
    rows = {inner.keyword: inner for inner in row.items}
    made: dict[str, object] = {}
    for keyword, inner in value.items():
        if rows and keyword not in rows:
            near = did_you_mean(keyword, rows)
            raise UnknownNameError(f"{keyword!r} is no attribute of the items of {path}; {near}")
        nested = rows.get(keyword)
        if nested is not None and nested.vr == "SQ":
            made[keyword] = items(inner, nested, f"{path}.{keyword}")
        else:
            made[keyword] = inner
    try:
        return item(made)
    except (ValueError, TypeError, OverflowError, KeyError) as error:
        raise RTXRError(f"{path}: a value in its items does not fit its attribute") from error
