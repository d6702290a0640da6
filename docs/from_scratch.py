"""The tables of docs/from-scratch.md: where each attribute comes from that an object has to have.

They are written from the rules of the IODs: ``python docs/from_scratch.py``.
"""

from __future__ import annotations

from pathlib import Path

from rtxr.iod.from_scratch import CHOSEN, Decision, decisions
from rtxr.iod.tables import IODS

PAGE = Path(__file__).with_name("from-scratch.md")
MARK = "<!-- below: written by docs/from_scratch.py -->"
_ORDER = ("owed", "default", "computed")


def tables() -> str:
    """One table for each IOD that can be made from scratch."""
    return "\n".join(_table(key) for key in CHOSEN)


def _table(key: str) -> str:
    found = decisions(key)
    rows = [_row(each) for kind in _ORDER[:2] for each in found if each.decision == kind]
    computed = ", ".join(f"`{each.path}`" for each in found if each.decision == "computed")
    head = "| Attribute | Type | | |\n|---|---|---|---|"
    return f"\n## {IODS[key].name}\n\n{head}\n" + "\n".join(rows) + f"\n\nComputed: {computed}.\n"


def _row(each: Decision) -> str:
    name = each.path.replace(".", " > ")
    how = each.how if each.decision == "owed" else f"`{each.how}`"
    return f"| {name} | {each.type} | {each.decision} | {how} |"


def page() -> str:
    """The page with its tables as they are today."""
    text, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{text}{MARK}\n{tables()}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
