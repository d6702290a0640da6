"""Which object a row is about, and how the row is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from rtxr.catalog.table import sop_class_name
from rtxr.errors import Severity, UnknownNameError, Violation
from rtxr.iod.tables import IOD, iod_for
from rtxr.iod.violations import attribute_name
from rtxr.keywords import shown
from rtxr.validation.walk import Path

_META_GROUP, _META = 2, "DICOM File Meta Information"


@dataclass(frozen=True)
class Subject:
    """An object in a file.

    Parameters
    ----------
    path : str
        Of the file.
    uid, sop_class : str
        Its SOP Instance UID and SOP Class UID.
    """

    path: str
    uid: str
    sop_class: str

    @cached_property
    def iod(self) -> IOD | None:
        """Tables of its SOP class; None where there are none."""
        try:
            return iod_for(self.sop_class)
        except UnknownNameError:
            return None

    @cached_property
    def iod_name(self) -> str:
        """Name of its IOD, else of its SOP class."""
        return self.iod.name if self.iod else sop_class_name(self.sop_class)

    def violation(
        self, code: str, severity: Severity, at: str | Path, message: str, fix: str
    ) -> Violation:
        """A row about an attribute of this object.

        Parameters
        ----------
        code, severity, fix : str
            As in :class:`rtxr.errors.Violation`.
        at : str or tuple of int
            From the outermost sequence to the attribute: keywords joined by dots, or tags; empty
            where it is about the file as a whole.
        message : str
            What is wrong, to follow the name of the attribute.
        """
        names = at.split(".") if isinstance(at, str) else [_keyword(tag) for tag in at]
        name = attribute_name(_described(names[-1]), ".".join(names)) if names[0] else ""
        module, kind = self._place(names)
        return Violation(
            code,
            severity,
            f"{name} {message}" if name else message,
            self.uid,
            self.path,
            iod=self.iod_name,
            module=module,
            attribute=name,
            type=kind,
            fix=fix,
        )

    def _place(self, names: Sequence[str]) -> tuple[str, str]:
        """Module and type of an attribute."""
        if (tag_for_keyword(names[0]) or 0) >> 16 == _META_GROUP:
            return _META, ""
        for use in self.iod.modules if self.iod else ():
            rows = use.module.attributes
            for name in names[:-1]:
                rows = next((row.items for row in rows if row.keyword == name), ())
            for row in rows:
                if row.keyword == names[-1]:
                    return use.module.name, row.type
        return "", ""


def keywords_of(path: Path) -> str:
    """Keywords of a path of tags, joined by dots."""
    return ".".join(map(_keyword, path))


def element_name(tag: int) -> str:
    """An element as ``(gggg,eeee) Keyword``."""
    return _described(_keyword(tag))


def _keyword(tag: int) -> str:
    return keyword_for_tag(tag) or shown(tag)


def _described(name: str) -> str:
    """An element as ``(gggg,eeee) Keyword``."""
    tag = tag_for_keyword(name)
    return name if tag is None else f"{shown(tag)} {name}"
