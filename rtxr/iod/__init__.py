"""The Standard as data: IODs, modules, attributes, and the rules that build and check them.

Importing this room registers every IOD in :data:`rtxr.iod.tables.IODS`.
"""

from rtxr.iod.ct_image import CT_IMAGE
from rtxr.iod.mr_image import MR_IMAGE
from rtxr.iod.pt_image import PT_IMAGE
from rtxr.iod.rt_dose import RT_DOSE
from rtxr.iod.rt_image import RT_IMAGE
from rtxr.iod.rt_plan import RT_ION_PLAN, RT_PLAN
from rtxr.iod.rt_structure_set import RT_STRUCTURE_SET

__all__ = [
    "CT_IMAGE",
    "MR_IMAGE",
    "PT_IMAGE",
    "RT_DOSE",
    "RT_IMAGE",
    "RT_ION_PLAN",
    "RT_PLAN",
    "RT_STRUCTURE_SET",
]
