"""Names of structures that people mean alike: standard name > how else it is written.

Standard names are those of AAPM TG-263, "Standardizing nomenclatures in radiation oncology"
(2018), a choice of the frequent ones. The other spellings are no part of that report: they are
common ones, in English and a few in other languages. Case, spaces, underscores, hyphens and dots
do not count, so that "spinal cord" and "SPINAL_CORD" need no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

_SIDES: Mapping[str, tuple[str, ...]] = {
    "L": ("l", "lt", "left", "li", "links"),
    "R": ("r", "rt", "right", "re", "rechts"),
}

#: Organs of which there is one, or that are taken together.
SINGLE: Mapping[str, tuple[str, ...]] = {
    "A_Aorta": ("aorta",),
    "A_LAD": ("lad",),
    "Anus": (),
    "Bag_Bowel": ("bowel bag",),
    "Bladder": ("urinary bladder", "vesica", "harnblase", "blase"),
    "Body": ("external", "outline", "body contour", "patient outline"),
    "Bone_Mandible": ("mandible", "mandibula", "mandible bone"),
    "Bone_Pelvic": ("pelvic bones", "bony pelvis"),
    "Bowel": ("intestine", "darm"),
    "Bowel_Large": ("large bowel",),
    "Bowel_Small": ("small bowel", "small intestine", "dünndarm"),
    "Brain": ("whole brain", "gehirn", "hirn"),
    "Brainstem": ("brain stem", "bstem", "truncus", "hirnstamm", "stammhirn"),
    "Breasts": (),
    "Canal_Anal": ("anal canal",),
    "CaudaEquina": (),
    "Cavity_Oral": ("oral cavity", "mouth", "oralcav", "mundhöhle"),
    "Chestwall": (),
    "Colon_Sigmoid": ("sigmoid", "sigma", "sigmoid colon"),
    "Duodenum": (),
    "Esophagus": ("oesophagus", "esoph", "ösophagus", "speiseröhre"),
    "Eyes": ("globes",),
    "Gallbladder": ("gall bladder",),
    "Glnd_Thyroid": ("thyroid", "thyroid gland", "schilddrüse"),
    "Glottis": (),
    "GreatVes": ("great vessels",),
    "Heart": ("cor", "whole heart", "herz"),
    "Kidneys": ("both kidneys", "kidneys total", "nieren"),
    "Larynx": (),
    "Lips": ("lip",),
    "Liver": ("hepar", "leber"),
    "Lungs": ("both lungs", "lung total", "total lung", "lungs total", "lung both", "lungen"),
    "Musc_Constrict": ("pharyngeal constrictor", "constrictors", "pcm", "constrictor muscle"),
    "OpticChiasm": ("chiasm", "chiasma", "optic chiasma", "chiasma opticum"),
    "Pancreas": ("pankreas",),
    "PenileBulb": ("bulb penis", "bulbus penis", "penis bulb"),
    "Pituitary": ("hypophysis", "pituitary gland", "hypophyse"),
    "Prostate": ("prostata",),
    "Rectum": ("rektum",),
    "SeminalVes": ("seminal vesicles", "sv", "vesiculae seminales", "samenblasen"),
    "Skin": (),
    "SpinalCanal": ("spinal canal", "canalis", "myelon canal"),
    "SpinalCord": ("cord", "sc", "myelon", "medulla", "medulla spinalis", "rückenmark"),
    "Spleen": ("milz",),
    "Stomach": ("magen",),
    "Trachea": (),
    "Uterus": (),
    "Vagina": (),
}

#: Organs of which there are two: names end in _L or _R.
PAIRED: Mapping[str, tuple[str, ...]] = {
    "BrachialPlex": ("brachial plexus", "plexus brachialis"),
    "Breast": ("mamma",),
    "Chestwall": (),
    "Cochlea": (),
    "Eye": ("globe", "eyeball", "auge", "bulbus"),
    "Femur_Head": ("femoral head", "femur head", "fem head", "femurkopf", "hüftkopf"),
    "Femur": (),
    "Glnd_Lacrimal": ("lacrimal gland", "lacrimal", "tränendrüse"),
    "Glnd_Submand": ("submandibular", "submandibular gland", "submand", "smg"),
    "Hippocampus": (),
    "Humerus_Head": ("humeral head",),
    "Kidney": ("ren", "niere"),
    "Lens": ("linse", "eye lens"),
    "Lobe_Temporal": ("temporal lobe",),
    "Lung": ("pulmo", "lunge"),
    "OpticNrv": ("optic nerve", "optic n", "on", "opticus", "nervus opticus", "sehnerv"),
    "Parotid": ("parotid gland", "parotis"),
    "Retina": (),
}

#: Targets by their kind, with a number or a dose behind it or none: ``PTV1``, ``PTV_70Gy``. No
#: rings, sums or differences.
TARGETS: Mapping[str, str] = {
    kind: rf"/^{kind}[ _-]?(\d+([.,]\d+)?)?[ _-]?(c?Gy)?$/"
    for kind in ("GTV", "IGTV", "CTV", "ICTV", "ITV", "PTV")
}


def table() -> dict[str, tuple[str, ...]]:
    """Standard name > the other spellings, or regular expressions between slashes."""
    pairs = {
        f"{organ}_{side}": tuple(
            spelling
            for name, mark in product((organ, *others), marks)
            for spelling in (f"{name} {mark}", f"{mark} {name}")
        )
        for organ, others in PAIRED.items()
        for side, marks in _SIDES.items()
    }
    return {**SINGLE, **pairs, **{kind: (text,) for kind, text in TARGETS.items()}}
