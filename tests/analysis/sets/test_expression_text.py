"""Set expressions as text: names, signs, margins, and where errors are."""

import pytest

from rtxr.analysis.sets.expression_text import SIGNS, Grown, Joined, Named, parse
from rtxr.errors import RTXRError, UnknownNameError

LABELS = [
    "PTV 70", "PTV", "CTV-N+", "CTV", "Lung (L)", "PTV_50/25", "5mm ring", "N", "(odd", "it's",
    "PTV-CTV", "Grün", "A&B", "lens", "LENS",
]  # fmt: skip
A, B, C = (Named(name) for name in ("PTV", "CTV", "N"))


@pytest.mark.parametrize("label", LABELS)
def test_every_label_is_found(label):
    assert parse(label, LABELS) == Named(label)
    assert parse(f"  ( {label} )  ", LABELS) == Named(label)
    quote = next(each for each in "'\"`" if each not in label)
    assert parse(f"{quote}{label}{quote}", LABELS) == Named(label)
    for sign in SIGNS:
        joined = parse(f"{label} {sign} {label}", LABELS)
        assert joined == Joined(sign, Named(label), Named(label))
    assert parse(f"{label} + 5mm", LABELS) == Grown(Named(label), 5.0)
    if label.casefold() != "lens":
        assert parse(label.upper(), LABELS) == Named(label)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("PTV - CTV", Joined("-", A, B)),
        ("ptv-ctv", Named("PTV-CTV")),
        ("'PTV'-CTV", Joined("-", A, B)),
        ("CTV-N+-N", Joined("-", Named("CTV-N+"), C)),
        ("PTV-CTV-N", Joined("-", Named("PTV-CTV"), C)),
        ("PTV 70|N", Joined("|", Named("PTV 70"), C)),
        ("A&B & N", Joined("&", Named("A&B"), C)),
        ("PTV + 5mm ring", Joined("+", A, Named("5mm ring"))),
        ("PTV + 5mm", Grown(A, 5.0)),
        ("PTV+5mm", Grown(A, 5.0)),
        ("PTV - .5 MM", Grown(A, -0.5)),
        ("PTV+5.mm-3.25mm", Grown(Grown(A, 5.0), -3.25)),
        ("PTV - CTV + 5mm", Joined("-", A, Grown(B, 5.0))),
        ("(PTV - CTV) + 5mm", Grown(Joined("-", A, B), 5.0)),
        ("PTV + (1, 2,3 ,4.5,5,6) mm", Grown(A, [1.0, 2.0, 3.0, 4.5, 5.0, 6.0])),
        ("PTV-(1,2,3,4,5,6)mm", Grown(A, [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0])),
        ("PTV + (Posterior 8, left 5)mm", Grown(A, {"posterior": 8.0, "left": 5.0})),
        ("PTV - (CTV)", Joined("-", A, B)),
        ("PTV - CTV - N", Joined("-", Joined("-", A, B), C)),
        ("PTV - (CTV - N)", Joined("-", A, Joined("-", B, C))),
        ("PTV - CTV & N", Joined("-", A, Joined("&", B, C))),
        ("PTV & CTV - N", Joined("-", Joined("&", A, B), C)),
        ("PTV | CTV ^ N", Joined("^", Joined("|", A, B), C)),
        ("((PTV))", A),
    ],
)
def test_trees(text, tree):
    assert parse(text, LABELS) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PTV_2", r"at 'PTV_2' \(character 1\): no ROI 'PTV_2'; did you mean 'PTV' or"),
        ("PTV - CTX + 5mm", r"at 'CTX \+ 5mm' \(character 7\): no ROI 'CTX'; did you mean 'CTV'"),
        ("'PTX' - CTV", r"\(character 1\): no ROI 'PTX'; did you mean 'PTV'"),
        ("PTV - Lens", r"\(character 7\): 'Lens' may be ROI '\w+' or '\w+', which differ in case"),
        ("PTV + 5", r"no ROI '5' \(a margin has a unit: \"\+ 5mm\"\)"),
        ("PTV + 5cm", r"no ROI '5cm' \(a margin has a unit"),
        ("PTV + (top 5)mm", r"no side 'top'; there are 'left'"),
    ],
)
def test_unknown_names_show_the_nearest(text, message):
    with pytest.raises(UnknownNameError, match=message):
        parse(text, LABELS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at its end: expected a ROI or a bracket"),
        ("PTV -", "at its end: expected a ROI or a bracket"),
        ("- PTV", r"character 1\): expected a ROI or a bracket"),
        ("PTV & | CTV", r"at '\| CTV' \(character 7\): expected a ROI or a bracket"),
        ("(PTV", "at its end: expected an operator .* or the closing bracket"),
        ("PTV ) CTV", r"at '\) CTV' .* expected an operator \(& \| \+ - \^\), a margin such as"),
        (
            "PTV 50 - CTV",
            "expected an operator .* or there is no ROI 'PTV 50': did you mean 'PTV 7",
        ),
        ("PTV CTV", r"at 'CTV' \(character 5\): expected an operator"),
        ("PTV * CTV", "expected an operator"),
        ("PTV + 5mm 3", "at '3'"),
        (
            "PTV + (1,2)mm",
            "expected six numbers for left, right, anterior, posterior, superior, inf",
        ),
        ("PTV + (left 5, left 6)mm", "expected six numbers .*, or sides by name"),
        ("PTV + (left 5, 6, 7, 8, 9, 10)mm", "expected six numbers"),
        ("PTV + ()mm", "expected six numbers"),
    ],
)
def test_errors_say_where_and_what_was_expected(text, message):
    with pytest.raises(RTXRError, match=message) as caught:
        parse(text, LABELS)
    assert not isinstance(caught.value, UnknownNameError)
    assert repr(text) in str(caught.value)
