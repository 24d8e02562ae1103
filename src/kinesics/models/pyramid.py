"""The network of ``budgeted``: a pyramid over the person descriptor, into which sparse encoder tokens are fused.

The descriptor enters at every frame. Going down, pairs of steps are merged, to strides of 2, 4, 8 and 16 frames; at a stride
of SLOT, steps attend to the tokens around them, of which any number may be missing; the coarser levels attend to
themselves. Going up, coarse levels are added to fine ones (Lin et al. 2017, feature pyramids). An output head that the levels
share has, for each step and label, four outputs: the logit of an event of the label, the distances to its start and its end,
and the logit of their quality. Distances are a label's own: labels overlap, and one step may lie in a long smile and in a
short nod. A second head outputs the logits of the labels in every frame; a linear path from the inputs bypasses the pyramid.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from kinesics.models.layers import Block, LocalAttention, coarser, double, halve, inputs, linear, size
from kinesics.models.sequences import CROPS, SLOT

STRIDES = (2, 4, 8, 16)  # frames
#: Lengths of the events, in strides of the level, that are targets of a level.
SPAN = (2.0, 7.0)
RADIUS = 8  # steps that attention reaches
TOKEN_RADIUS = 12  # slots: 4.8 s at 10 Hz
HEADS = 4
#: Frames on either side that an output can depend on, rounded up to whole steps of the coarsest level.
REACH = 352
PRIOR = 0.02  # every score before training


@dataclass(frozen=True)
class Ablation:
    """What a network does without: the descriptor, its ``hidden`` columns, the tokens, or the fusion of coarse levels."""

    descriptor: bool = True
    tokens: bool = True
    scales: bool = True
    hidden: tuple[int, ...] = ()


class Network(nnx.Module):
    """Descriptor (B, T, D) and tokens (B, T / SLOT, crops, K) to frame logits and step outputs.

    Frame logits are (B, T, C), step outputs (B, sum T / stride, C, 4): logit, distances to start and end in strides, and logit
    of the quality; levels follow each other, finest first. T is a multiple of the coarsest stride. Inputs that ``ablation``
    takes away are 0.
    """

    def __init__(
        self,
        descriptor: int,
        token: int,
        labels: int,
        width: int,
        rngs: nnx.Rngs,
        ablation: Ablation = Ablation(),
    ):
        self.ablation = ablation
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
        """Return frame logits and step outputs.

        ``usual`` (B, crops, K) is the mean of the person's observed tokens; ``observed`` (B, T / SLOT, crops) and ``valid``
        (B, T) are masks.
        """
        descriptor, tokens, observed, usual = self._ablate(descriptor, tokens, observed, usual)
        levels, valids = self._descend(descriptor, tokens, observed, usual, valid)
        parts, finest = self._ascend(levels, valids)
        steps = self._step_outputs(parts, valids[1:])
        frame = self.frame_out(self.frame_norm(self.frame(levels[0] + finest, valid)))
        frame = frame + self.straight(inputs(descriptor, tokens, observed, usual, valid))
        return frame, steps

    def _ablate(
        self, descriptor: jax.Array, tokens: jax.Array, observed: jax.Array, usual: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Return the inputs, 0 where the ablation takes them away."""
        if not self.ablation.descriptor:
            descriptor = jnp.zeros_like(descriptor)
        if self.ablation.hidden:
            descriptor = descriptor.at[..., np.array(self.ablation.hidden)].set(0)
        if not self.ablation.tokens:
            tokens, observed, usual = (jnp.zeros_like(part) for part in (tokens, observed, usual))
        return descriptor, tokens, observed, usual

    def _descend(
        self, descriptor: jax.Array, tokens: jax.Array, observed: jax.Array, usual: jax.Array, valid: jax.Array
    ) -> tuple[list[jax.Array], list[jax.Array]]:
        """Return the levels, of frames and of each stride, and their masks."""
        x = self.blocks[0](self.stem(descriptor) * valid[..., None], valid)
        levels, valids = [x], [valid]
        both = jnp.concatenate([tokens, tokens - usual[:, None]], -1) * observed[..., None]
        source = sum(layer(both[:, :, k]) * observed[:, :, k, None] for k, layer in enumerate(self.token))
        for number, stride in enumerate(STRIDES):
            valid = coarser(valid)
            x = self.blocks[1 + number](self.down[number](halve(x)) * valid[..., None], valid)
            if stride == SLOT:
                x = self.fuse(x, source, observed.max(-1), valid)
            if number >= len(STRIDES) - len(self.attend):
                x = self.attend[number - len(STRIDES) + len(self.attend)](x, x, valid, valid)
            levels.append(x)
            valids.append(valid)
        return levels, valids

    def _ascend(self, levels: list[jax.Array], valids: list[jax.Array]) -> tuple[list[jax.Array], jax.Array | int]:
        """Return the levels of the strides, finest first, with coarser ones added, and what is added to the frames."""
        above, parts = 0, []
        for number in reversed(range(len(STRIDES))):
            above = (self.lateral[number](levels[number + 1]) + above) * valids[number + 1][..., None]
            parts.insert(0, above + self.level[number] * valids[number + 1][..., None])
            above = double(above) if self.ablation.scales else 0
        return parts, above

    def _step_outputs(self, parts: list[jax.Array], valids: list[jax.Array]) -> jax.Array:
        """Return the step outputs of the levels."""
        # The levels go through the output head as one row, an empty step between them, as there is at a video's end.
        gap = [(0, 0), (0, 1), (0, 0)]
        row = jnp.concatenate([jnp.pad(part, gap) for part in parts], 1)
        row_valid = jnp.concatenate([jnp.pad(part, gap[:2]) for part in valids], 1)
        row = self.out(self.norm(self.head(row, row_valid)))
        ends = np.cumsum([part.shape[1] + 1 for part in parts])
        steps = jnp.concatenate(
            [row[:, end - part.shape[1] - 1 : end - 1] for end, part in zip(ends, parts, strict=True)], 1
        )
        steps = steps.reshape(*steps.shape[:2], -1, 4)
        return jnp.concatenate([steps[..., :1], jax.nn.softplus(steps[..., 1:3]), steps[..., 3:]], -1)


def grid(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle, in frames, and the stride of every step output for T frames: (N,) each."""
    middles = [(np.arange(frames // stride) + 0.5) * stride for stride in STRIDES]
    return np.concatenate(middles), np.repeat(STRIDES, [len(part) for part in middles])


def core_steps(core: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the step outputs in the core of a window of ``core`` frames with REACH on both sides.

    A mask of them, bool (N,); their middles in frames from the core's first one, and their strides: (n,) each.
    """
    middle, stride = grid(core + 2 * REACH)
    inside = (middle >= REACH) & (middle < REACH + core)
    return inside, middle[inside] - REACH, stride[inside]


def step_valid(valid: jax.Array) -> jax.Array:
    """Return whether each step output lies in the video: (B, T) to (B, N)."""
    return jnp.concatenate([valid.reshape(len(valid), -1, stride).max(-1) for stride in STRIDES], 1)


def targets(segments: np.ndarray, frames: int, labels: int, radius: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Return which steps have an event of each label as target, bool (N, C), and its distances in strides, (N, C, 2).

    ``segments`` (E, 3) are start and stop in frames and the label's number. The targets of a step are the events whose length
    is within its level's SPAN (the finest and the coarsest level also take all shorter and longer ones), if it lies inside
    and within ``radius`` strides of the middle (centre sampling, Tian et al. 2019, FCOS). Of two events of a label the
    shorter one is the target.
    """
    middle, stride = grid(frames)
    positive, distance = np.zeros((len(middle), labels), bool), np.zeros((len(middle), labels, 2), np.float32)
    for start, stop, label in sorted(segments.tolist(), key=lambda row: row[0] - row[1]):  # longest first
        length = (stop - start) / stride
        fits = ((length >= SPAN[0]) | (stride == STRIDES[0])) & ((length < SPAN[1]) | (stride == STRIDES[-1]))
        near = np.abs(middle - (start + stop) / 2) <= np.minimum(
            radius * stride, np.maximum((stop - start) / 2, stride / 2)
        )
        here = fits & near & (middle > start) & (middle < stop)
        positive[here, int(label)] = True
        distance[here, int(label)] = np.stack([middle - start, stop - middle], 1)[here] / stride[here, None]
    return positive, distance
