"""Add skin, hair, clothes and glasses to the base mesh of a person."""

import numpy as np

from kinesics.synthetic.appearance.clothes import make_clothes, paint_cloth
from kinesics.synthetic.appearance.hair import (
    HAIR_SHARES,
    HAIR_STYLES,
    draw_hair_colour,
    make_beard,
    make_glasses,
    make_hair,
    paint_strands,
)
from kinesics.synthetic.appearance.skin import (
    ATLAS,
    make_eyes,
    make_lashes,
    make_mouth,
    make_skin,
    make_wrinkles,
    paint_head,
)
from kinesics.synthetic.appearance.surfaces import Base, Dressed, join_layers


def dress(base: Base, female: bool, age: float, melanin: float, rng: np.random.Generator) -> Dressed:
    """Return a person's mesh with skin, eyes, teeth, hair and clothes; ``age`` in years, ``melanin`` of the skin 0 to 1."""
    texture = np.full((ATLAS, ATLAS, 4), 255, np.uint8)
    hair_colour = draw_hair_colour(age, melanin, rng)
    style = HAIR_STYLES[rng.choice(len(HAIR_STYLES), p=HAIR_SHARES[female])]
    bearded = not female and rng.random() < 0.35
    layers = [
        make_skin(base, female, melanin, rng),
        *make_eyes(base, melanin, rng),
        *make_mouth(base),
        *make_lashes(base, female),
        *make_hair(base, style, hair_colour, rng),
        *make_clothes(base, rng),
    ]
    if bearded:
        layers += make_beard(base, hair_colour, rng)
    if rng.random() < 0.2:
        layers.append(make_glasses(base, rng))
    paint_head(texture, base, female, hair_colour, rng)
    paint_cloth(texture, rng)
    paint_strands(texture, rng)
    return join_layers(layers, texture, make_wrinkles(base, age))
