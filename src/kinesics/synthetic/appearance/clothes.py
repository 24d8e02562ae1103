"""Model and paint clothes of synthetic actors."""

import numpy as np
from scipy import sparse

from kinesics.synthetic.appearance.skin import HEAD, blend, from_neck, mottle, smooth_noise
from kinesics.synthetic.appearance.surfaces import PARTS, Base, Layer, linear

#: Colours of tops and of trousers.
_TOPS = (
    (38, 44, 58),
    (120, 30, 36),
    (54, 84, 60),
    (196, 190, 180),
    (70, 110, 150),
    (150, 120, 70),
    (34, 34, 36),
    (164, 90, 110),
    (220, 220, 224),
    (88, 70, 110),
)
_TROUSERS = ((44, 54, 80), (34, 34, 38), (110, 100, 84), (70, 74, 78))


def make_clothes(base: Base, rng: np.random.Generator) -> list[Layer]:
    """Return a top and trousers, cut from the mesh's tights."""
    used, quads = np.unique(base.quads["helper-tights"], return_inverse=True)
    quads, place, vertices = quads.reshape(-1, 4), base.template[used], base.vertices[used]
    smooth = _smoothed(vertices, quads, 3)
    normals = base.normals[used]
    sleeve = rng.choice([0.45, 0.55, 0.95, 0.97, 0.97])
    along = _along_arm(base, used)
    neck = from_neck(place)
    front = np.clip(-(place[:, 1] + 0.08) / 0.06, 0, 1)
    neckline = rng.uniform(0.075, 0.088) + rng.choice([0.0, 0.012, 0.05]) * front * np.exp(-((place[:, 0] / 0.05) ** 2))
    hem = rng.uniform(-0.06, 0.02)
    cut = np.minimum.reduce([neck - neckline, 0.55 * (sleeve - along), place[:, 2] - hem])
    loose = rng.uniform(0.006, 0.012) * np.interp(cut, (0, 0.03), (0.7, 1))
    # Near its edges, cloth follows the body below; elsewhere it is smoother.
    folds = 0.0022 * mottle(place * (1, 1, 0.6), 0.06, rng) * np.clip(cut / 0.05, 0, 1)
    inner = np.where((along >= 0)[:, None], vertices, blend(vertices, smooth, np.clip(cut / 0.05, 0, 1)))
    torso_uv = np.stack(
        [0.75 + 0.32 * place[:, 0].clip(-0.7, 0.7), 0.01 + 0.44 * (0.62 - place[:, 2]).clip(0, 1.05)], 1
    )
    colour = linear(_TOPS[rng.integers(len(_TOPS))])
    shade = np.where(cut < 0.012, 0.75, 1.0)[:, None]
    top = Layer(
        inner + (loose + folds)[:, None] * normals,
        quads,
        used,
        "cloth",
        1 + PARTS.index("clothes"),
        colour * shade,
        torso_uv,
        cut=cut,
    )
    leg_cut = np.minimum(hem + 0.03 - place[:, 2], place[:, 2] + 0.775)
    leg_cut = np.where(along >= 0, -1.0, leg_cut)
    trousers = Layer(
        vertices + 0.006 * normals,
        quads,
        used,
        "cloth",
        1 + PARTS.index("clothes"),
        linear(_TROUSERS[rng.integers(len(_TROUSERS))]),
        (0.85, 0.85),
        cut=leg_cut,
    )
    return [top, trousers]


def _along_arm(base: Base, used: np.ndarray) -> np.ndarray:
    """Return the place of vertices along an arm, 0 at the shoulder and 1 at the wrist; -1 elsewhere."""
    vertices, bones = base.vertices[used], base.bones[used].astype(str)
    along = np.full(len(used), -1.0)
    for side in "LR":
        shoulder, elbow, wrist = (base.joints[f"{name}.{side}"] for name in ("upperarm01", "lowerarm01", "wrist"))
        upper, lower = elbow - shoulder, wrist - elbow
        segments = ((vertices - shoulder) @ upper / (upper @ upper)).clip(0, 1) + (
            (vertices - elbow) @ lower / (lower @ lower)
        ).clip(0, 2)
        arm = np.array(["upperarm", "lowerarm", "wrist", "metacarpal", "finger"])
        on = np.char.endswith(bones, side) & np.char.startswith(bones[:, None], arm).any(1)
        along[on] = segments[on] / 2
    return along


def _smoothed(vertices: np.ndarray, quads: np.ndarray, times: int) -> np.ndarray:
    """Return vertices moved halfway to the mean of their neighbours, ``times`` times."""
    ends = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    ends = np.concatenate([ends, ends[:, ::-1]])
    near = sparse.csr_matrix((np.ones(len(ends)), ends.T), (len(vertices), len(vertices)))
    near = sparse.diags_array(1 / np.maximum(np.asarray(near.sum(1)).ravel(), 1)) @ near
    for _ in range(times):
        vertices = 0.5 * vertices + 0.5 * (near @ vertices)
    return vertices


def paint_cloth(texture: np.ndarray, rng: np.random.Generator) -> None:
    """Paint a weave with a pattern into the texture's second quarter, and a weave alone into the fourth."""
    weave = 0.9 + 0.04 * smooth_noise(HEAD, 1, rng) + 0.03 * smooth_noise(HEAD, 8, rng)
    y, x = np.mgrid[0:HEAD, 0:HEAD]
    image = np.repeat(weave[..., None], 3, 2)
    pattern, contrast = rng.integers(6), rng.uniform(0.15, 1, 3)
    wide = int(rng.integers(12, 30))
    marks = {
        1: (y // wide) % 2 == 0,
        2: ((y // wide) % 2 == 0) | ((x // wide) % 2 == 0),
        3: (y % wide < 3),
        4: (y > 90) & (y < 150),
    }.get(pattern)
    if marks is not None:
        image[marks] *= contrast
    texture[:HEAD, HEAD:, :3] = (255 * image.clip(0, 1)).astype(np.uint8)
    texture[HEAD:, HEAD:, :3] = (255 * weave.clip(0, 1)).astype(np.uint8)[..., None]
