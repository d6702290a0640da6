"""Objects made of several others: what their rules give, in one character set.

What is copied from a file is copied element for element, so that its bytes and its flaws are the
file's; what follows from several, or is said by somebody, is a value like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from rtxr.iod.encoding.raw import (
    Element,
    duplicate,
    element_at,
    elements_of,
    is_empty,
    make,
    put,
    text_of,
    value_of,
)
from rtxr.iod.rules import Rule
from rtxr.iod.values import charset
from rtxr.keywords import tag_of

#: The objects by name.
Sources = Mapping[str, Dataset]
_CHARSET = "SpecificCharacterSet"


def in_one_character_set(sources: Sources) -> tuple[dict[str, Dataset], list[str]]:
    """The objects with their texts in one character set, so that elements can stand together.

    Returns
    -------
    objects : dict of str to pydicom.Dataset
        The very ones where all name the same set; else copies in UTF-8.
    unreadable : list of str
        Names of those with texts that the set they name does not have.
    """
    if len({text_of(each, _CHARSET) for each in sources.values()}) == 1:
        return dict(sources), []
    copies = {name: duplicate(each) for name, each in sources.items()}
    unreadable = [
        name
        for name, each in copies.items()
        if not charset.to_unicode(each, value_of(each, _CHARSET))
    ]
    return copies, unreadable


def by_rules(
    rules: Mapping[str, Rule], sources: Sources, said: Mapping[str, Mapping[str, Any]]
) -> tuple[Dataset, dict[str, Any]]:
    """What rules give for one object.

    Parameters
    ----------
    rules : mapping of str to Rule
        By keyword; those of the kinds ``copied``, ``computed``, ``constant`` and ``new uid``.
    sources : mapping of str to pydicom.Dataset
        The objects that it is made of, in one character set.
    said : mapping of str to mapping
        What is not in files: values by keyword, under names that the rules know.

    Returns
    -------
    header : pydicom.Dataset
        What is copied from files, as it is there.
    values : dict
        All else by keyword, for :func:`rtxr.iod.build.build`. What has no value is in neither.
    """
    header, values = Dataset(), {}
    for keyword, rule in rules.items():
        if rule.kind == "copied" and (element := _copied(keyword, rule, sources)) is not None:
            put(header, element)
        elif (value := _value(keyword, rule, sources, said)) is not None:
            values[keyword] = value
    return header, values


def take_group(header: Dataset, source: Dataset, group: int) -> None:
    """Copy all elements of a group as they are, in place."""
    for element in elements_of(source):
        if element.tag.group == group:
            put(header, element)


def name_character_set(header: Dataset, source: Dataset) -> None:
    """Let a header that holds elements of a file be in its character set, in place."""
    element = element_at(source, tag_of(_CHARSET))
    if element is not None:
        put(header, element)
    implicit, little = source.original_encoding
    header.set_original_encoding(implicit, little, source.original_character_set)


def _copied(keyword: str, rule: Rule, sources: Sources) -> Element | None:
    """Element of the first object that has a value; an empty one where none has more."""
    tag = tag_of(str(rule.value or keyword))
    there = [element_at(sources[name], tag) for name in rule.sources if name in sources]
    found = next((each for each in there if not is_empty(each)), None)
    found = found or next((each for each in there if each is not None), None)
    if found is None or found.tag == tag_of(keyword):
        return found
    if isinstance(found, RawDataElement):
        return found._replace(tag=tag_of(keyword))
    return make(keyword, found.value)


def _value(
    keyword: str, rule: Rule, sources: Sources, said: Mapping[str, Mapping[str, Any]]
) -> Any:
    """Value of a rule that copies nothing from a file; None where there is none."""
    match rule.kind:
        case "copied":
            own = str(rule.value or keyword)
            values = (said[name].get(own) for name in rule.sources if name in said)
            return next((each for each in values if each is not None), None)
        case "computed" if rule.function is not None:
            return rule.function(sources)
        case "constant":
            return rule.value
        case "new uid":
            return str(generate_uid(prefix=None))
    return None
