"""How sure the tables are of a flaw in a file of somebody else.

They ask an export for a little more than the Standard does: what many readers want, and what only
the maker of an object can know.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from rtxr.errors import Severity
from rtxr.iod.audit import Flaw
from rtxr.iod.encoding.raw import text_of
from rtxr.iod.tables import IOD

#: Attribute > attribute that tells whether it has to be there; without that nobody can say.
_DEPENDS_ON = {"Laterality": "BodyPartExamined"}


def severity_of(flaw: Flaw, dataset: Dataset, iod: IOD) -> Severity:
    """``error`` for what the Standard forbids.

    ``warning`` for a module that it leaves to the user, of which nothing is there and that many
    readers ask for; ``info`` where the object does not say whether the attribute has to be there.

    Parameters
    ----------
    flaw : Flaw
        From :func:`rtxr.iod.audit.audit`.
    dataset : pydicom.Dataset
        The object.
    iod : IOD
        Its tables.
    """
    if flaw.path in _DEPENDS_ON and not text_of(dataset, _DEPENDS_ON[flaw.path]):
        return "info"
    uses = [use for use in iod.modules if use.module is flaw.module]
    by_choice = bool(uses) and all(use.usage == "U" for use in uses)
    if by_choice and not any(row.tag in dataset for row in uses[0].module.attributes):
        return "warning"
    return "error"
