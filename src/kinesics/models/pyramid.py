"""The proposal's network: a pyramid over the person descriptor, into which sparse foundation tokens are fused.

The descriptor enters at every frame. Going down, pairs of steps are merged, to strides of 2, 4, 8 and 16 frames; at a stride
of SLOT, steps attend to the tokens around them, of which any number may be missing; the coarser levels attend to
themselves. Going up, coarse levels are added to fine ones (Lin et al. 2017, feature pyramids). A head that the levels
share gives, for each step and label, four numbers: whether an event of the label is there, how far away its start and
its end are, and how well they fit. Distances are a label's own: labels overlap, and one step may lie in a long smile and
in a short nod. A second head says of every frame which labels are on; a linear path from the inputs goes around the pyramid.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.models.layers import Block, LocalAttention, coarser, double, halve, inputs, linear, size
from kinesics.models.sequences import CROPS, SLOT

STRIDES = (2, 4, 8, 16)  # frames
#: Lengths of the events, in strides of the level, that a level is to find.
SPAN = (2.0, 7.0)
RADIUS = 8  # steps that attention reaches
TOKEN_RADIUS = 12  # slots: 4.8 s at 10 Hz
HEADS = 4
#: Frames on either side that an output can depend on, rounded up to whole steps of the coarsest level.
REACH = 352
PRIOR = 0.02  # what every score is before training


class Network(nnx.Module):
    """Stream (B, T, D), tokens (B, T / SLOT, crops, K) to frame logits (B, T, C) and step outputs (B, sum T / stride, C, 4).

    Step outputs are logit, distances to start and end in strides, and logit of the quality; levels follow each other,
    finest first. T is a multiple of the coarsest stride. Without ``cheap`` or ``tokens`` the network does not see these, nor
    the ``hidden`` columns of the descriptor; without ``scales`` nothing comes down from coarser levels to finer ones.
    """

    def __init__(
        self,
        descriptor: int,
        token: int,
        labels: int,
        width: int,
        rngs: nnx.Rngs,
        cheap: bool = True,
        tokens: bool = True,
        scales: bool = True,
        hidden: Sequence[int] = (),
    ):
        self.cheap, self.tokens, self.scales, self.hidden = cheap, tokens, scales, tuple(hidden)
        self.stem = linear(descriptor, width, rngs)
        self.blocks = nnx.List([Block(width, rngs) for _ in range(1 + len(STRIDES))])
        self.down = nnx.List([linear(2 * width, width, rngs) for _ in STRIDES])
        self.token = nnx.List([linear(2 * token, width, rngs) for _ in CROPS])
        self.fuse = LocalAttention(width, width, TOKEN_RADIUS, HEADS, rngs)
        self.attend = nnx.List([LocalAttention(width, width, RADIUS, HEADS, rngs) for _ in STRIDES[2:]])
        self.lateral = nnx.List([linear(width, width, rngs) for _ in STRIDES])
        self.level = nnx.Param(jnp.zeros((len(STRIDES), width)))
        self.head = Block(width, rngs)
        self.norm = nnx.RMSNorm(width, rngs=rngs)
        start = np.zeros((labels, 4), np.float32)
        start[:, 0] = np.log(PRIOR / (1 - PRIOR))
        start[:, 1:3] = 1.0
        self.out = linear(width, labels * 4, rngs)
        self.out.bias[...] = jnp.asarray(start.ravel())
        self.frame = Block(width, rngs)
        self.frame_norm = nnx.RMSNorm(width, rngs=rngs)
        self.frame_out = linear(width, labels, rngs)
        self.straight = linear(size({"descriptor": descriptor, "token": token}), labels, rngs)
        self.frame_out.bias[...] = jnp.full(labels, start[0, 0])

    def __call__(
        self, descriptor: jax.Array, tokens: jax.Array, observed: jax.Array, usual: jax.Array, valid: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """``usual`` (B, crops, K) is the mean of the person's observed tokens, ``observed`` and ``valid`` are masks."""
        if not self.cheap:
            descriptor = jnp.zeros_like(descriptor)
        if self.hidden:
            descriptor = descriptor.at[..., np.array(self.hidden)].set(0)
        if not self.tokens:
            tokens, observed, usual = (jnp.zeros_like(one) for one in (tokens, observed, usual))
        x = self.blocks[0](self.stem(descriptor) * valid[..., None], valid)
        levels, valids = [x], [valid]
        seen = jnp.concatenate([tokens, tokens - usual[:, None]], -1) * observed[..., None]
        source = sum(layer(seen[:, :, k]) * observed[:, :, k, None] for k, layer in enumerate(self.token))
        for number, stride in enumerate(STRIDES):
            valid = coarser(valid)
            x = self.blocks[1 + number](self.down[number](halve(x)) * valid[..., None], valid)
            if stride == SLOT:
                x = self.fuse(x, source, observed.max(-1), valid)
            if number >= len(STRIDES) - len(self.attend):
                x = self.attend[number - len(STRIDES) + len(self.attend)](x, x, valid, valid)
            levels.append(x)
            valids.append(valid)
        above, parts = 0, []
        for number in reversed(range(len(STRIDES))):
            above = (self.lateral[number](levels[number + 1]) + above) * valids[number + 1][..., None]
            parts.insert(0, above + self.level[number] * valids[number + 1][..., None])
            above = double(above) if self.scales else 0
        # The levels go through the head as one row, an empty step between them, as there is at a video's end.
        gap = [(0, 0), (0, 1), (0, 0)]
        row = jnp.concatenate([jnp.pad(part, gap) for part in parts], 1)
        row_valid = jnp.concatenate([jnp.pad(part, gap[:2]) for part in valids[1:]], 1)
        row = self.out(self.norm(self.head(row, row_valid)))
        ends = np.cumsum([part.shape[1] + 1 for part in parts])
        steps = jnp.concatenate(
            [row[:, end - part.shape[1] - 1 : end - 1] for end, part in zip(ends, parts, strict=True)], 1
        )
        frame = self.frame_out(self.frame_norm(self.frame(levels[0] + above, valids[0])))
        frame = frame + self.straight(inputs(descriptor, tokens, observed, usual, valids[0]))
        steps = steps.reshape(*steps.shape[:2], -1, 4)
        return frame, jnp.concatenate([steps[..., :1], jax.nn.softplus(steps[..., 1:3]), steps[..., 3:]], -1)


def grid(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle, in frames, and the stride of every step output for T frames: (N,) each."""
    middles = [(np.arange(frames // stride) + 0.5) * stride for stride in STRIDES]
    return np.concatenate(middles), np.repeat(STRIDES, [len(part) for part in middles])


def core_steps(core: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, of a window of ``core`` frames with REACH on both sides, which step outputs lie in the core, bool (N,), and
    their middles in frames from the core's first one, and strides: (n,) each."""
    middle, stride = grid(core + 2 * REACH)
    mine = (middle >= REACH) & (middle < REACH + core)
    return mine, middle[mine] - REACH, stride[mine]


def step_valid(valid: jax.Array) -> jax.Array:
    """Return whether each step output lies in the video: (B, T) to (B, N)."""
    return jnp.concatenate([valid.reshape(len(valid), -1, stride).max(-1) for stride in STRIDES], 1)


def targets(segments: np.ndarray, frames: int, labels: int, radius: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Return which steps are to find an event of each label, bool (N, C), and its distances in strides, (N, C, 2).

    ``segments`` (E, 3) are start and stop in frames and the label's number. A step is to find the events whose length is
    within its level's SPAN (the finest and the coarsest level also take all shorter and longer ones), if it lies inside
    and within ``radius`` strides of the middle (centre sampling, Tian et al. 2019, FCOS). Of two events of a label it
    finds the shorter one.
    """
    middle, stride = grid(frames)
    found, distance = np.zeros((len(middle), labels), bool), np.zeros((len(middle), labels, 2), np.float32)
    for start, stop, label in sorted(segments.tolist(), key=lambda row: row[0] - row[1]):  # longest first
        length = (stop - start) / stride
        fits = ((length >= SPAN[0]) | (stride == STRIDES[0])) & ((length < SPAN[1]) | (stride == STRIDES[-1]))
        near = np.abs(middle - (start + stop) / 2) <= np.minimum(
            radius * stride, np.maximum((stop - start) / 2, stride / 2)
        )
        here = fits & near & (middle > start) & (middle < stop)
        found[here, int(label)] = True
        distance[here, int(label)] = np.stack([middle - start, stop - middle], 1)[here] / stride[here, None]
    return found, distance
