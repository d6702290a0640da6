"""Signatures are removed wherever they stand, and nothing else is."""

from __future__ import annotations

import io

import factories as make
import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from rtxr.iod.encoding.raw import duplicate
from rtxr.iod.signatures import SIGNING, may_be_signed, remove_signatures


def signature(number: int = 1) -> dict[str, list[Dataset]]:
    """What signs a data set (PS3.3 C.12.1.1.3)."""
    how = make.item(
        MACIDNumber=number,
        MACCalculationTransferSyntaxUID="1.2.840.10008.1.2.1",
        MACAlgorithm="SHA256",
        DataElementsSigned=[0x00080016, 0x00080018],
    )
    made = make.item(
        MACIDNumber=number,
        DigitalSignatureUID=make.uid("signature", number),
        DigitalSignatureDateTime="20200102030405",
        CertificateType="X509_1993_SIG",
        CertificateOfSigner=b"\1\2",
        Signature=b"\3\4",
    )
    return {"MACParametersSequence": [how], "DigitalSignaturesSequence": [made]}


def signed_plan(*, nested: bool = True) -> Dataset:
    """A plan that is signed, and perhaps its beam too."""
    ds = make.plan()
    for each in (ds, *(ds.BeamSequence if nested else ())):
        for keyword, items in signature().items():
            setattr(each, keyword, items)
    return ds


def reread(ds: Dataset, *, implicit: bool = False) -> tuple[Dataset, bytes]:
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer, ds, implicit_vr=implicit, little_endian=True, enforce_file_format=False
    )
    data = buffer.getvalue()
    return pydicom.dcmread(io.BytesIO(data), force=True), data


def test_every_level_loses_its_signatures():
    for implicit in (False, True):
        header, data = reread(signed_plan(), implicit=implicit)
        assert may_be_signed(data)
        ds = duplicate(header)
        assert remove_signatures(ds) == 4
        assert not any(tag in ds or tag in ds.BeamSequence[0] for tag in SIGNING)
        assert ds.BeamSequence[0].BeamName == "A"
        assert not may_be_signed(reread(ds)[1])
        # The header that shares its items is as it was.
        assert all(tag in header and tag in header.BeamSequence[0] for tag in SIGNING)


def test_sequences_without_signatures_stay_undecoded():
    ds, _ = reread(signed_plan(nested=False))
    assert remove_signatures(ds) == 2
    assert isinstance(ds.get_item("BeamSequence"), RawDataElement)


def test_an_object_that_is_not_signed():
    ds, data = reread(make.plan())
    assert not may_be_signed(data)
    assert remove_signatures(ds) == 0
