"""Names made of texts that anyone may have written stay in their folder, on every file system."""

from __future__ import annotations

import string
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtxr.export.writing.names import MOST_BYTES, distinct, folded, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CT_0001.dcm", "CT_0001.dcm"),
        ("Müller Anna", "Müller Anna"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "_"),
        ("...", "_"),
        ("", "_"),
        ("/", "_"),
        ("C:\\Windows", "C__Windows"),
        ("\\\\server\\share", "__server_share"),
        ("a\nb\x00c\x7fd", "a_b_c_d"),
        ("name. ", "name"),
        (" .hidden", "hidden"),
        ("-rf", "rf"),
        ("~root", "root"),
        ("CON", "_CON"),
        ("nul.dcm", "_nul.dcm"),
        ("Com1", "_Com1"),
        ("LPT\u00b9", "_LPT\u00b9"),
        ("CONSOLE", "CONSOLE"),
        ("what?*<>|", "what_____"),
        ("safe\u202egnp.exe", "safe_gnp.exe"),  # right-to-left override
        ("zero\u200bwidth", "zero_width"),
        ("e\u0301", "\u00e9"),
        ("\ud800", "_"),  # half of a surrogate pair cannot be a name at all
    ],
)
def test_what_a_text_becomes(text, name):
    assert safe_name(text) == name


def test_long_texts_that_begin_alike_stay_apart():
    one, other = safe_name("ä" * 300 + "1"), safe_name("ä" * 300 + "2")
    assert one != other
    assert len(one.encode()) <= MOST_BYTES
    assert one.startswith("ä" * 20)


ODD = st.text(
    st.one_of(
        st.sampled_from('./\\:*?<>|"-~ \x00\n\u202e\u200b\ud800'),
        st.sampled_from(string.ascii_letters + "äß日"),
        st.characters(),
    ),
    max_size=90,
)


@given(ODD)
def test_a_name_is_one_name_everywhere(text):
    name = safe_name(text)
    assert 1 <= len(name.encode()) <= MOST_BYTES
    for kind in (PurePosixPath, PureWindowsPath):
        assert kind(name).parts == (name,)
        assert (kind("base") / name).parent == kind("base")
    assert not PureWindowsPath(name).is_reserved()
    assert name == name.strip(" .")
    assert not name.startswith(("-", "~", "."))
    assert not any(unicodedata.category(each).startswith("C") for each in name)
    assert not set(name) & set('<>:"/\\|?*')


@given(ODD)
def test_a_name_stays_the_name_it_is(text):
    assert safe_name(safe_name(text)) == safe_name(text)


@given(st.lists(st.sampled_from(["a", "A", "a (2)", "ß", "SS", "e\u0301", "\u00c9"]), max_size=12))
def test_distinct_names_are_so_without_case_too(texts):
    taken: set[str] = set()
    for text in texts:
        taken.add(folded(distinct(safe_name(text), taken)))
    assert len(taken) == len(texts)
