import pytest
from pydicom.dataset import Dataset

from rtxr import tg263
from rtxr.iod.deidentification.words import words_of


@pytest.fixture
def words():
    header = Dataset()
    header.PatientName = "Meier^Ann^=\u5c71\u7530"
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientID = "A4711"
    header.PatientBirthDate = "19500312"
    header.InstitutionName = "St Elsewhere"
    item = Dataset()
    item.PersonName = "Kowalski"
    header.ContributingEquipmentSequence = [item]
    return words_of([header])


@pytest.mark.parametrize(
    "text", ["PTV_7000", "GTV Annular", "Lung_L", "Boost 2", "CTV 50.4/1.8", "v1.2", "Spinal Cord"]
)
def test_texts_that_stay(words, text):
    assert not words.tells(text)


@pytest.mark.parametrize(
    "text",
    [
        "Meiers Plan",
        "PTV_ANN",
        "ann boost",
        "kowalski2",
        "\u5c71\u7530\u592a\u90ce",
        "plan a4711",
        "st elsewhere H&N",
        "CT 20240312",
        "CT 12.3.2024",
        "CT 12/03/24",
        "2024-3-12",
        "tel 0123456",
        "a@b.org",
        "http://x",
        "1.2.826.0.1.3680043",
    ],
)
def test_texts_that_tell(words, text):
    assert words.tells(text)


def test_names_of_nobody_and_short_ones_are_not_looked_for():
    header = Dataset()
    header.PatientName = "Phantom^X^Le"
    header.PatientID = "12"
    assert not words_of([header]).tells("Phantom 12 Le X")


def test_standard_names_stay(words):
    assert not [name for name in tg263.table() if words.tells(name)]
