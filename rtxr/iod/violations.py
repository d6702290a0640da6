"""Flaws and additions as rows for people: which attribute of which table, what is wrong, a fix."""

from __future__ import annotations

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from rtxr.errors import Severity, Violation
from rtxr.iod.audit import BAD_VALUE, EMPTY, EXCLUDED, MISSING_1, MISSING_2, NARROW, Flaw
from rtxr.iod.complete import Addition
from rtxr.iod.conditions import EXCLUDED_BY
from rtxr.iod.tables import IOD
from rtxr.iod.values.allowed import ENUMERATED, NOT_ABOVE_0
from rtxr.iod.values.words import value_of_vr
from rtxr.keywords import shown, tag_of

_FIXES = {
    MISSING_1: "give it a value",
    MISSING_2: "write it, empty if nothing is known",
}
#: What is wrong with a value > what to give.
_BETTER = {
    EMPTY: "give it a value, or remove it",
    NARROW: "give 1 or more, or a VOILUTFunction (LINEAR_EXACT, SIGMOID) that allows it",
    NOT_ABOVE_0: "give a number above 0",
}
_NOTHING = "nothing has to be done; correct it if the receiver asks for it"


def attribute_name(row: object, path: str) -> str:
    """``(gggg,eeee) Keyword``, and the sequences around it where it is nested."""
    around = path.rpartition(".")[0]
    return f"{row} in {around}" if around else str(row)


def of_flaw(
    flaw: Flaw,
    iod: IOD,
    uid: str,
    *,
    path: str = "",
    inherited: bool = False,
    strict: bool = False,
) -> Violation:
    """A flaw of an object as a row.

    Parameters
    ----------
    flaw : Flaw
        From :func:`rtxr.iod.audit.audit`.
    iod : IOD
        Its tables.
    uid, path : str
        SOP Instance UID and file of the object. How to give a Dataset what is missing is not said
        of a file.
    inherited : bool, default: False
        It came unchanged with the source: a warning.
    strict : bool, default: False
        Inherited flaws are errors too.
    """
    code = flaw.code
    if inherited:
        code = "inherited-value" if code == BAD_VALUE else "inherited-missing"
    blocks = strict or not inherited
    name = attribute_name(flaw.name, flaw.path)
    return Violation(
        code,
        "error" if blocks else "warning",
        name + _items(flaw.count) + _what(flaw) + (", as in the source" if inherited else ""),
        uid,
        path,
        iod=iod.name,
        module=flaw.module.name if flaw.module else "",
        attribute=name,
        type=flaw.type,
        fix=(("" if path else _owed(flaw, iod)) or _fix(flaw)) if blocks else _NOTHING,
    )


def _fix(flaw: Flaw) -> str:
    """What to do about a flaw: of a value that is not allowed, which are."""
    if flaw.code != BAD_VALUE:
        return _FIXES[flaw.code]
    if flaw.detail in _BETTER:
        return _BETTER[flaw.detail]
    keyword = flaw.path.rpartition(".")[2]
    if keyword in EXCLUDED_BY and EXCLUDED in flaw.detail:
        return "remove it"
    if allowed := ENUMERATED.get(keyword, ()):
        return f"give one of {', '.join(allowed)}"
    if flaw.tag.is_private or not dictionary_has_tag(flaw.tag):
        return "give a value that is allowed"
    vr = dictionary_VR(flaw.tag)
    return f"give {value_of_vr(vr)} (VR {vr}, PS3.5 6.2)"


def _owed(flaw: Flaw, iod: IOD) -> str:
    """How a caller gives a fact that is missing; empty where the tables do not say."""
    rule = iod.rule(flaw.path)
    return str(rule.value or "") if rule.kind == "given" and flaw.code != BAD_VALUE else ""


def of_addition(addition: Addition, path: str, iod: IOD, uid: str) -> Violation:
    """What an export adds to an object, as a row."""
    name = attribute_name(addition.row, path)
    how = "written empty" if addition.empty else "derived"
    source = addition.module.source
    return Violation(
        "added-empty" if addition.empty else "added-derived",
        "info",
        f"{name}{_items(addition.count)} was missing and is {how}, as {source} asks for it",
        uid,
        iod=iod.name,
        module=addition.module.name,
        attribute=name,
        type=addition.row.type,
        fix="give a value if you have one" if addition.empty else "check it if it matters",
    )


def of_attribute(
    code: str,
    message: str,
    uid: str,
    iod: IOD,
    keyword: str,
    fix: str,
    *,
    severity: Severity = "error",
    path: str = "",
) -> Violation:
    """What is wrong with an outermost attribute, with its module and type in the IOD."""
    known = iod.row(keyword)
    tag = tag_of(keyword) if known is None else known.tag
    rows = ((use.module, row) for use in iod.modules for row in use.module.attributes)
    module, kind = next(((m.name, row.type) for m, row in rows if row.tag == tag), ("", ""))
    return Violation(
        code,
        severity,
        message,
        uid,
        path,
        iod=iod.name,
        module=module,
        attribute=f"{shown(tag)} {keyword}",
        type=kind,
        fix=fix,
    )


def _what(flaw: Flaw) -> str:
    source = flaw.module.source if flaw.module else "the Standard"
    if flaw.code == MISSING_1:
        return f" has no value, and {source} asks for one"
    if flaw.code == MISSING_2:
        return f" is missing, and {source} asks for it, empty or not"
    return f" has {flaw.detail}"


def _items(count: int) -> str:
    return f" ({count} items)" if count > 1 else ""
