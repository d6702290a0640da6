"""What a caller asks for: the Basic Profile of PS3.15 Annex E, with some of its options."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Literal

from pydicom.uid import generate_uid

from rtxr.errors import CustomCodeError, RTXRError, UnknownNameError, did_you_mean
from rtxr.iod.deidentification.table import Column, Row

#: CID 7050 of PS3.16.
BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")
FULL_DATES, MODIFIED_DATES = "Retain Longitudinal Full Dates", "Retain Longitudinal Modified Dates"
SAFE_PRIVATE, CLEAN_DESCRIPTORS = "Retain Safe Private", "Clean Descriptors"


@dataclass(frozen=True)
class Option:
    """An option of the profile: its column of Table E.1-1, its code and meaning in CID 7050."""

    column: Column | None
    code: str
    meaning: str


OPTIONS: Mapping[str, Option] = {
    SAFE_PRIVATE: Option(None, "113111", "Retain Safe Private Option"),
    "Retain UIDs": Option("uids", "113110", "Retain UIDs Option"),
    "Retain Device Identity": Option("device", "113109", "Retain Device Identity Option"),
    "Retain Institution Identity": Option(
        "institution", "113112", "Retain Institution Identity Option"
    ),
    "Retain Patient Characteristics": Option(
        "patient", "113108", "Retain Patient Characteristics Option"
    ),
    FULL_DATES: Option(
        "full", "113106", "Retain Longitudinal Temporal Information Full Dates Option"
    ),
    MODIFIED_DATES: Option(
        "modified", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
    ),
    CLEAN_DESCRIPTORS: Option("descriptors", "113105", "Clean Descriptors Option"),
}

#: Options that need what rtxr does not do, and what happens without them.
UNSUPPORTED: Mapping[str, str] = {
    "Clean Pixel Data": "pixels are written as they are",
    "Clean Recognizable Visual Features": "pixels are written as they are",
    "Clean Graphics": "overlays and curves are removed",
    "Clean Structured Content": "content and acquisition context are replaced or removed",
}

#: A random offset is so many days into the past.
_NEAREST_DAYS, _FARTHEST_DAYS = 30, 3650
_WELL_KNOWN = "1.2.840.10008."
_PSEUDONYM_DIGITS = 16
_STRENGTH = {"X": 0, "Z": 1, "U*": 2, "U": 2, "D": 2}
_PSEUDONYM = re.compile(r"[ -\[\]-~]{0,64}")
#: One pseudonym, or one by the original PatientID.
PatientId = str | Mapping[str, str] | Callable[[str], str]


@dataclass(frozen=True)
class Deidentify:
    """How to de-identify an export: PS3.15 Basic Application Level Confidentiality Profile.

    Parameters
    ----------
    options : sequence of str, optional
        By the names of PS3.15, in upper or lower case: "Retain Safe Private", "Retain UIDs",
        "Retain Device Identity", "Retain Institution Identity", "Retain Patient Characteristics",
        "Retain Longitudinal Full Dates" or "Retain Longitudinal Modified Dates", "Clean
        Descriptors".
    patient_name : str, optional
        Pseudonym, ASCII; empty by default.
    patient_id : str, mapping or callable, optional
        Pseudonym, ASCII: one for one patient, or a mapping or function of the original PatientID
        ("" where there is none) for several. Empty by default; in a tree each patient gets one.
    shift_days : int or "random", optional
        For "Retain Longitudinal Modified Dates": days by which every date of every file is moved.
        ``"random"`` (the default there) draws 30 to 3650 days into the past, once for this object;
        with a ``key`` it follows from the key and the patient's identifier.
    uid_map : mutable mapping, optional
        Old UID to new UID. Read and added to, so that the exports of one patient agree when they
        share it. It leads back to the originals: keep it as you keep those.
    key : str or bytes, optional
        A secret of your own. The same key makes the same UIDs and the same offset of dates again,
        in any session, without a map.

    Raises
    ------
    UnknownNameError
        No such option.
    RTXRError
        An option that is not supported, both options of dates, a shift without its option, a
        pseudonym that is not up to 64 characters of ASCII, or an empty key.
    """

    options: tuple[str, ...] = ()
    patient_name: str = ""
    patient_id: PatientId = field(default="", repr=False, hash=False)
    shift_days: int | Literal["random"] | None = field(default=None, repr=False)
    uid_map: MutableMapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    key: str | bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _named(self.options))
        if {FULL_DATES, MODIFIED_DATES} <= set(self.options):
            raise RTXRError(f"{FULL_DATES!r} and {MODIFIED_DATES!r} exclude each other; name one")
        _require_pseudonym("patient_name", self.patient_name)
        if isinstance(self.patient_id, Mapping):
            for text in self.patient_id.values():
                _require_pseudonym("a value of patient_id", text)
        elif not callable(self.patient_id):
            _require_pseudonym("patient_id", self.patient_id)
        if self.key is not None and not self.key:
            raise RTXRError("key is empty; give a secret, or none")
        self._settle_shift()

    def _settle_shift(self) -> None:
        shift = self.shift_days
        if MODIFIED_DATES not in self.options:
            if shift is not None:
                raise RTXRError(f"shift_days is for the option {MODIFIED_DATES!r}; name it too")
            return
        if shift is None or shift == "random":
            drawn = _NEAREST_DAYS + secrets.randbelow(_FARTHEST_DAYS - _NEAREST_DAYS + 1)
            shift = "random" if self.key else -drawn
        elif isinstance(shift, bool) or not isinstance(shift, int) or shift == 0:
            raise RTXRError(f"shift_days={shift!r}; a whole number of days but 0, or 'random'")
        object.__setattr__(self, "shift_days", shift)

    @property
    def columns(self) -> frozenset[Column]:
        """Columns of Table E.1-1 that the options switch on."""
        columns = (OPTIONS[name].column for name in self.options)
        return frozenset(column for column in columns if column is not None)

    @property
    def temporal_information(self) -> str:
        """Value of (0028,0303) LongitudinalTemporalInformationModified."""
        if FULL_DATES in self.options:
            return "UNMODIFIED"
        return "MODIFIED" if MODIFIED_DATES in self.options else "REMOVED"

    def days(self, patient_id: str) -> int:
        """Offset of dates in days for a patient; 0 where dates are not shifted."""
        if isinstance(self.shift_days, int):
            return self.shift_days
        if self.shift_days is None:
            return 0
        drawn = int.from_bytes(self._digest("days", patient_id)[:8], "big")
        return -(_NEAREST_DAYS + drawn % (_FARTHEST_DAYS - _NEAREST_DAYS + 1))

    def pseudonym(self, original: str) -> str:
        """PatientID that is written for a patient.

        Raises
        ------
        CustomCodeError
            The function that ``patient_id`` is failed.
        UnknownNameError
            The mapping that ``patient_id`` is does not have this patient.
        """
        given = self.patient_id
        if isinstance(given, str):
            return given
        if isinstance(given, Mapping):
            if original not in given:
                which = "this one" if original else "an object without PatientID"
                raise UnknownNameError(
                    f"patient_id has pseudonyms of {len(given)} patients, and none of {which}; add "
                    "the original (0010,0020) PatientID to the mapping"
                )
            return given[original]
        try:
            found = given(original)
        except Exception as error:
            text = f"patient_id raised {type(error).__name__}; nothing was written"
            raise CustomCodeError(text) from error
        _require_pseudonym("what patient_id returns", found)
        return found

    def drawn_pseudonym(self, original: str) -> str:
        """PatientID that follows from the key: the same for a patient in any session."""
        return self._digest("patient", original).hex()[:_PSEUDONYM_DIGITS].upper()

    def new_uid(self, old: str) -> str:
        """The UID that stands for another one from now on; one of the Standard stays."""
        if old.startswith(_WELL_KNOWN):
            return old
        if old not in self.uid_map:
            self.uid_map[old] = self._make_uid(old)
        return self.uid_map[old]

    def _make_uid(self, old: str) -> str:
        if not self.key:
            return str(generate_uid(prefix=None))
        return f"2.25.{uuid.UUID(bytes=self._digest('uid', old)[:16], version=5).int}"

    def _digest(self, *words: str) -> bytes:
        key = self.key.encode() if isinstance(self.key, str) else self.key or b""
        return hmac.new(key, "\0".join(words).encode(), hashlib.sha256).digest()


def _require_pseudonym(what: str, text: object) -> None:
    if not isinstance(text, str) or not _PSEUDONYM.fullmatch(text):
        raise RTXRError(f"{what} is text of at most 64 characters of ASCII without backslash")


def action(row: Row, needed: str, columns: Iterable[Column]) -> str:
    """Action for an attribute (PS3.15 E.1.1).

    Parameters
    ----------
    row : Row
        Of Table E.1-1.
    needed : str
        Type of the attribute in the IOD, where it is there: ``"1"``, ``"1C"``, ..., ``"3"``.
    columns : iterable of str
        Of the options.

    Returns
    -------
    str
        A key of ``ACTIONS``. What the table wants removed or empty and PS3.3 wants there is
        emptied or replaced: the value goes either way.
    """
    retained = {row.options.get(column) for column in columns}
    if "K" in retained:
        return "K"
    if "C" in retained:
        return "C"
    least = {"1": 2, "2": 1}.get(needed[0], 0)
    for code in row.action.split("/"):
        if _STRENGTH[code] >= least:
            return code
    return "Z" if least == 1 else "D"


def _named(options: Iterable[str]) -> tuple[str, ...]:
    """Options by their names in the Standard, in its order."""
    asked = [options] if isinstance(options, str) else list(options)
    known = {name.casefold(): name for name in (*OPTIONS, *UNSUPPORTED)}
    named = set()
    for each in asked:
        name = known.get(_folded(str(each)))
        if name is None:
            raise UnknownNameError(
                f"no option {each!r} of the confidentiality profile; "
                f"{did_you_mean(str(each), OPTIONS)}"
            )
        if name in UNSUPPORTED:
            raise RTXRError(f"{name!r} is not supported ({UNSUPPORTED[name]}); leave it out")
        named.add(name)
    return tuple(name for name in OPTIONS if name in named)


def _folded(name: str) -> str:
    """An option as it is looked up: the Standard also has longer names for the options of dates."""
    folded = name.casefold().strip().removesuffix(" option")
    return folded.replace("temporal information ", "").replace("with ", "")
