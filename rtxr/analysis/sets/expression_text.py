"""Set expressions of structures, with margins, as text: the grammar, and from text to a tree.

===================================  ==============================================================
``PTV 70``                           A ROI, by its label: the longest that fits, in any case, with
                                     spaces, hyphens, plus signs, brackets or whatever it has.
``'PTV-CTV'``  ``"L+R"``  ```a```    The same in quotes, where it would be read otherwise.
``Lung_L``  ``'/^ptv/'``             A standard name that one ROI has, or in quotes a regular
                                     expression that fits one; see :mod:`rtxr.roi_names`.
``A & B``                            In both.
``A | B``  ``A + B``                 In either.
``A - B``                            In A and not in B.
``A ^ B``                            In one of the two and not in the other.
``A + 5mm``  ``A - 3 mm``            A grown or shrunk in 3D; see :mod:`rtxr.analysis.sets.margins`.
``A + (5, 5, 5, 8, 3, 3)mm``         To the patient's left, right, anterior, posterior, superior and
                                     inferior side.
``A + (posterior 8, left 5)mm``      The same by name; sides not named stay.
``( )``                              First.
===================================  ==============================================================

A margin belongs to the ROI or bracket right before it, so that ``PTV - CTV + 5mm`` is
``PTV - (CTV + 5mm)``; several act one after the other. ``&`` comes before the other signs, which
are equal and go from left to right, unlike in Python: ``A - B & C`` is ``A - (B & C)``, and
``A | B - C`` is ``(A | B) - C``. Where a margin and a union with a ROI such as ``5mm ring`` both
fit, the longer one is meant, and the margin where both are equally long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from rtxr.analysis.sets import margins
from rtxr.analysis.sets.margins import SIDES, Margins
from rtxr.errors import RTXRError, UnknownNameError, did_you_mean
from rtxr.roi_names import RoiNames


@dataclass(frozen=True)
class Named:
    """A ROI, by its label."""

    label: str


@dataclass(frozen=True)
class Grown:
    """A structure with a margin, or without one where it is negative."""

    operand: Node
    margins: Margins


@dataclass(frozen=True)
class Joined:
    """Two structures and the sign between them."""

    sign: str
    left: Node
    right: Node


#: A set expression.
Node = Named | Grown | Joined


#: Signs between structures > how tightly they bind.
SIGNS: Mapping[str, int] = {"&": 1, "|": 0, "+": 0, "-": 0, "^": 0}
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_MARGIN = re.compile(rf"([+-])(\s*)(?:({_NUMBER})|\(([^()]*)\))\s*mm(?!\w)", re.IGNORECASE)
_SIDE = re.compile(rf"\s*(?:([a-z]+)\s+)?({_NUMBER})\s*", re.IGNORECASE)
_QUOTED = re.compile(r"""(['"`])(.*?)\1""")
#: What may be meant as a name: up to a sign with a space beside it, a bracket or the end.
_GUESS = re.compile(r"(?:[^|&^()\s+-]|(?<=\S)[+-](?=\S)|\s+(?=[^|&^()\s+-]))+")


def parse(text: str, names: RoiNames | Sequence[str]) -> Node:
    """An expression as a tree.

    Parameters
    ----------
    text : str
        See the table in :mod:`rtxr.analysis.sets.expression_text`.
    names : RoiNames or sequence of str
        The ROIs there are, or their labels.

    Raises
    ------
    UnknownNameError
        A name that is no ROI; the message shows where, and the nearest ones.
    RTXRError
        Anything else that is no expression; the message says where, and what was expected.
    """
    known = names if isinstance(names, RoiNames) else RoiNames(tuple(names))
    return _Parser(str(text), known).whole()


class _Parser:
    """One pass from left to right, by the table of operators."""

    def __init__(self, text: str, names: RoiNames) -> None:
        self._text = text
        self._names = names
        self._longest = sorted(filter(None, names.spellings), key=len, reverse=True)
        self._at = 0
        self._name_at = 0

    def whole(self) -> Node:
        found = self._joined(0)
        if self._at < len(self._text):
            self._no_operator('a margin such as "+ 5mm" or the end')
        return found

    def _joined(self, least: int) -> Node:
        """Operands with signs between them that bind at least so tightly."""
        left = self._grown()
        while (sign := self._text[self._at : self._at + 1]) in SIGNS:
            if SIGNS[sign] < least:
                break
            self._at += 1
            left = Joined(sign, left, self._joined(SIGNS[sign] + 1))
        return left

    def _grown(self) -> Node:
        """An operand and its margins."""
        self._skip_to(self._at)
        found = self._operand()
        while (margin := self._margin()) is not None:
            found = Grown(found, margin)
        return found

    def _operand(self) -> Node:
        """A ROI or a bracket."""
        if stop := self._label_stop(self._at):
            return self._named(self._text[self._at : stop], stop)
        if quoted := _QUOTED.match(self._text, self._at):
            return self._named(quoted[2], quoted.end())
        if not self._text.startswith("(", self._at):
            self._no_operand()
        self._at += 1
        found = self._joined(0)
        if not self._text.startswith(")", self._at):
            self._no_operator("a margin or the closing bracket")
        self._skip_to(self._at + 1)
        return found

    def _named(self, name: str, stop: int) -> Named:
        """The ROI of this name."""
        try:
            label = self._names.one(name)
        except RTXRError as error:
            self._fail(str(error), type(error))
        self._name_at = self._at
        self._skip_to(stop)
        return Named(label)

    def _label_stop(self, at: int) -> int:
        """Where the longest label that begins here ends; 0 for none."""
        for label in self._longest:
            stop = at + len(label)
            goes_on = re.match(r"\w\w", self._text[stop - 1 : stop + 1])
            if not goes_on and self._text[at:stop].casefold() == label.casefold():
                return stop
        return 0

    def _margin(self) -> Margins | None:
        """A margin, unless a label that follows the sign is longer."""
        found = _MARGIN.match(self._text, self._at)
        if found is None or self._label_stop(found.end(2)) > found.end():
            return None
        way = -1.0 if found[1] == "-" else 1.0
        try:
            asked = _sides(found[4], way) if found[3] is None else way * float(found[3])
            margins.by_side(asked)
        except RTXRError as error:
            self._fail(str(error), type(error))
        self._skip_to(found.end())
        return asked

    def _skip_to(self, at: int) -> None:
        """Go on at a place, behind the spaces there."""
        rest = self._text[at:]
        self._at = at + len(rest) - len(rest.lstrip())

    def _near(self, name: str) -> str:
        return did_you_mean(name, self._names.spellings)

    def _no_operand(self) -> NoReturn:
        guess = _GUESS.match(self._text, self._at)
        if guess is None:
            self._fail("expected a ROI or a bracket")
        unit = ' (a margin has a unit: "+ 5mm")' if guess[0][0].isdigit() else ""
        self._fail(f"no ROI {guess[0]!r}{unit}; {self._near(guess[0])}", UnknownNameError)

    def _no_operator(self, others: str) -> NoReturn:
        """Say what may follow, and which name the last one may be the beginning of."""
        guess = _GUESS.match(self._text, self._name_at)
        hint = ""
        if guess is not None and guess.end() > self._at:
            hint = f"; or there is no ROI {guess[0]!r}: {self._near(guess[0])}"
        self._fail(f"expected an operator ({' '.join(SIGNS)}), {others}{hint}")

    def _fail(self, what: str, kind: type[RTXRError] = RTXRError) -> NoReturn:
        rest = self._text[self._at :]
        where = f"at {rest!r} (character {self._at + 1})" if rest else "at its end"
        raise kind(f"expression {self._text!r}, {where}: {what}")


def _sides(text: str, way: float) -> Margins:
    """Margins in brackets: six numbers, or sides with a number each."""
    found = [_SIDE.fullmatch(part) for part in text.split(",")]
    given = [(each[1], way * float(each[2])) for each in found if each]
    names = [name.lower() for name, _ in given if name]
    values = [value for _, value in given]
    if len(given) == len(found) and len(set(names)) == len(given):
        return dict(zip(names, values, strict=True))
    if len(given) != len(SIDES) or len(found) != len(SIDES) or names:
        raise RTXRError(
            f'expected six numbers for {", ".join(SIDES)}, or sides by name, as in "(left 5, '
            'posterior 8)mm"'
        )
    return values
