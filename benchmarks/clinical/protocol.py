"""What the measurement and the jobs of every tool agree on.

A job is a function (folder of the case, folder for output) that yields results, (name, array), one
by one. The two marks below come without an array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Arrays are of numpy, which the table does without.
Results = Iterator[tuple[str, Any]]

#: Yielded when the job begins in earnest: what came before does not count.
PREPARED = "prepared"
#: Yielded when the job is done: what follows is read back from the files it wrote.
DONE = "done"

#: Folder of the CT series, and the structure set beside it.
CT, STRUCTURES = "ct", "structures.dcm"
#: Plan and dose, of which only some jobs know.
PLAN, DOSE = "plan.dcm", "dose.dcm"
#: Masks that every tool's are compared with, see ``clinical.agreement``.
MASKS = "masks.npz"
#: ROIs that are written to a new structure set, and its name.
WRITTEN = (
    *("BODY", "Lung_L", "Lung_R", "Heart", "Liver"),
    *("Kidney_L", "Bladder_Wall", "SpinalCord", "Vertebrae", "PTV_Ring"),
)
