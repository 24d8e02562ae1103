"""Seconds a training step of the proposal's head takes, compiled, against the same network and loss in eager torch.

    python benchmarks/head.py [--rounds 3] [--steps 200]

The torch network takes the JAX network's weights, and its outputs and loss are checked to be the same before anything is
timed. Both train on one thread, forward, backward, clipping, AdamW and averaging of weights, on the batch of the embedded
tier; they take turns, so that a busy machine slows both. Medians of the process' own time are printed. Making the network
counts as training: with few steps it would be most of what is measured.
"""

import argparse
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - its usual name

from kinesics.detectors import budgeted
from kinesics.models import augmentation, fitting, optimization
from kinesics.models.pyramid import HEADS, RADIUS, SLOT, STRIDES, TOKEN_RADIUS, grid
from kinesics.models.sequences import CROPS
from kinesics.signals.descriptor import AUDIO_COLUMNS, COLUMNS

LABELS = 13


class Twin(torch.nn.Module):
    """``pyramid.Network`` in torch: the same weights by the same names, the same operations."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        super().__init__()
        self.place = {name: number for number, name in enumerate(arrays)}
        self.held = torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(value)) for value in arrays.values())

    def get(self, name: str) -> torch.Tensor:
        return self.held[self.place[f"network.{name}"]]

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ self.get(f"{name}.kernel") + self.get(f"{name}.bias")

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, x.shape[-1:], self.get(f"{name}.scale"), 1e-6)

    def conv(self, name: str, x: torch.Tensor) -> torch.Tensor:
        width = x.shape[-1]
        kernel = self.get(f"{name}.kernel").reshape(3, width, -1).permute(2, 1, 0)
        return F.conv1d(x.transpose(1, 2), kernel, self.get(f"{name}.bias"), padding=1).transpose(1, 2)

    def block(self, name: str, x: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        inside = self.norm(f"{name}.norm", x) * valid[..., None]
        return (x + self.linear(f"{name}.out", F.relu(self.conv(f"{name}.conv", inside)))) * valid[..., None]

    def attention(self, name: str, x, source, mask, valid, radius: int) -> torch.Tensor:
        batch, steps, width = x.shape

        def split(values: torch.Tensor) -> torch.Tensor:
            return values.reshape(batch, steps, HEADS, width // HEADS).transpose(1, 2)

        query = split(self.linear(f"{name}.query", self.norm(f"{name}.norm", x)))
        key, value = split(self.linear(f"{name}.key", source)), split(self.linear(f"{name}.value", source))
        at = torch.arange(steps)
        offset = (at[None] - at[:, None]) / radius
        before, after = self.get(f"{name}.slope")[:, :, None, None]
        fall = before * offset.clamp(max=0) - after * offset.clamp(min=0)
        hidden = (offset.abs() > 1) | (mask[:, None, None] <= 0)
        fall = torch.where(hidden, -1e9, fall)
        # The empty key: logit 0, value 0.
        key, value = F.pad(key, (0, 0, 0, 1)), F.pad(value, (0, 0, 0, 1))
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=F.pad(fall, (0, 1)))
        mixed = mixed.transpose(1, 2).reshape(batch, steps, width)
        return (x + self.linear(f"{name}.out", mixed)) * valid[..., None]

    def held_tokens(self, tokens: torch.Tensor, observed: torch.Tensor) -> torch.Tensor:
        weighted = F.pad(tokens * observed[..., None], (0, 0, 0, 0, 1, 1))
        weight = F.pad(observed, (0, 0, 1, 1))
        total = weighted[:, 1:-1] + 0.5 * (weighted[:, :-2] + weighted[:, 2:])
        share = weight[:, 1:-1] + 0.5 * (weight[:, :-2] + weight[:, 2:])
        mean = total / share.clamp(min=1e-6)[..., None]
        return mean.reshape(*mean.shape[:2], -1).repeat_interleave(SLOT, 1)

    def forward(self, descriptor, tokens, observed, usual, valid) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.block("blocks.0", self.linear("stem", descriptor) * valid[..., None], valid)
        levels, valids = [x], [valid]
        seen = torch.cat([tokens, tokens - usual[:, None]], -1) * observed[..., None]
        source = sum(self.linear(f"token.{k}", seen[:, :, k]) * observed[:, :, k, None] for k in range(len(CROPS)))
        for number, stride in enumerate(STRIDES):
            valid = valid.reshape(len(valid), -1, 2).amax(-1)
            x = x.reshape(x.shape[0], x.shape[1] // 2, -1)
            x = self.block(f"blocks.{1 + number}", self.linear(f"down.{number}", x) * valid[..., None], valid)
            if stride == SLOT:
                x = self.attention("fuse", x, source, observed.amax(-1), valid, TOKEN_RADIUS)
            if number >= 2:
                x = self.attention(f"attend.{number - 2}", x, x, valid, valid, RADIUS)
            levels.append(x)
            valids.append(valid)
        above, parts = 0, []
        for number in reversed(range(len(STRIDES))):
            inside = valids[number + 1][..., None]
            above = (self.linear(f"lateral.{number}", levels[number + 1]) + above) * inside
            step = self.block("head", above + self.get("level")[number] * inside, valids[number + 1])
            parts.insert(0, self.linear("out", self.norm("norm", step)))
            above = above.repeat_interleave(2, 1)
        frame = self.linear("frame_out", self.norm("frame_norm", self.block("frame", levels[0] + above, valids[0])))
        near = torch.cat(
            [descriptor, self.held_tokens(tokens, observed), self.held_tokens(tokens - usual[:, None], observed)], -1
        )
        frame = frame + self.linear("straight", near * valids[0][..., None])
        steps = torch.cat(parts, 1)
        steps = steps.reshape(*steps.shape[:2], -1, 4)
        return frame, torch.cat([steps[..., :1], F.softplus(steps[..., 1:3]), steps[..., 3:]], -1)


def focal(logits: torch.Tensor, target: torch.Tensor, alpha: float = 0.25) -> torch.Tensor:
    p = torch.sigmoid(logits)
    missed = torch.where(target > 0, 1 - p, p)
    weight = torch.where(target > 0, alpha, 1 - alpha)
    return weight * missed**2 * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def iou(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    return torch.minimum(predicted, true).sum(-1) / torch.maximum(predicted, true).sum(-1).clamp(min=1e-6)


def twin_loss(
    network: Twin, rows: dict[str, torch.Tensor], descriptor: torch.Tensor, observed: torch.Tensor
) -> torch.Tensor:
    """Return ``budgeted.loss`` for a descriptor with noise and tokens that are chosen already."""
    tokens = rows["tokens"] * observed[..., None]
    usual = tokens.sum(1) / observed.sum(1).clamp(min=1)[..., None]
    frame, steps = network(descriptor, tokens, observed, usual, rows["valid"])
    there, distance = rows["is_there"], rows["distance"]
    valid = rows["valid"]
    inside = torch.cat([valid.reshape(len(valid), -1, stride).amax(-1) for stride in STRIDES], 1)[..., None]
    count = there.sum().clamp(min=1)
    predicted, true = steps[..., 1:3], distance
    middle = ((predicted[..., 1] - predicted[..., 0]) - (true[..., 1] - true[..., 0])) / 2
    hull = torch.maximum(predicted, true).sum(-1).clamp(min=1e-6)
    place = ((1 - iou(predicted, true) + (middle / hull) ** 2) * there).sum() / count
    quality = F.binary_cross_entropy_with_logits(steps[..., 3], iou(predicted, true).detach(), reduction="none")
    shown = (focal(frame, rows["active"], 0.5) * valid[..., None]).sum() / rows["active"].sum().clamp(min=1)
    return (
        (focal(steps[..., 0], there) * inside).sum() / count + place + 0.5 * (quality * there).sum() / count + 2 * shown
    )


def make_rows(settings: dict, batch: int) -> dict[str, np.ndarray]:
    """Return a random batch of the shapes of the embedded tier."""
    random = np.random.default_rng(0)
    frames, steps = augmentation.LENGTH, len(grid(augmentation.LENGTH)[0])
    slots = frames // SLOT
    there = random.random((batch, steps, LABELS)) < 0.02
    return {
        "descriptor": random.normal(size=(batch, frames, settings["descriptor"])).astype(np.float32),
        "tokens": random.normal(size=(batch, slots, len(CROPS), settings["token"])).astype(np.float32),
        "observed": (random.random((batch, slots, len(CROPS))) < 0.8).astype(np.float32),
        "motion": random.random((batch, slots)).astype(np.float32),
        "valid": np.ones((batch, frames), np.float32),
        "is_there": there,
        "distance": random.uniform(0.5, 4, (*there.shape, 2)).astype(np.float16),
        "active": (random.random((batch, frames, LABELS)) < 0.1).astype(np.float32),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = budgeted.MODEL.options | {
        "descriptor": len(COLUMNS),
        "audio": AUDIO_COLUMNS,
        "token": fitting.DIRECTIONS,
        "labels": [str(k) for k in range(LABELS)],
        "rate_hz": 10.0,
    }
    rows = make_rows(settings, fitting.BATCH)
    network = optimization.initial_weights(partial(budgeted.make, settings), 0)
    twin = Twin(optimization.weights_to_arrays(network))
    held = {name: torch.tensor(np.asarray(part, np.float32)) for name, part in rows.items()}
    jax_rows = {name: jnp.asarray(part) for name, part in rows.items()}
    key = jax.random.key(0)

    choose, shake = jax.random.split(key)
    descriptor = torch.tensor(np.asarray(augmentation.add_noise(jax_rows["descriptor"], shake)))
    observed = torch.tensor(np.asarray(budgeted.random_budget(jax_rows["observed"], jax_rows["motion"], choose)))
    ours, theirs = (
        float(budgeted.loss(network, jax_rows, key)),
        float(twin_loss(twin, held, descriptor, observed).detach()),
    )
    assert abs(ours - theirs) < 1e-3 * abs(ours), f"the networks differ: loss {ours} and {theirs}"

    optimiser = torch.optim.AdamW(twin.parameters(), lr=1e-3, weight_decay=budgeted.MODEL.decay)
    average = torch.optim.swa_utils.AveragedModel(twin, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98))

    def eager() -> None:
        for _ in range(options.steps):
            noisy = held["descriptor"] + (torch.rand_like(held["descriptor"]) * 2 - 1) * augmentation.NOISE
            chosen = held["observed"] * (torch.rand_like(held["observed"]) < torch.rand(len(noisy), 1, 1))
            optimiser.zero_grad()
            twin_loss(twin, held, noisy, chosen).backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
            optimiser.step()
            average.update_parameters(twin)

    train = partial(
        optimization.train,
        partial(budgeted.make, settings),
        budgeted.loss,
        rows,
        batch=fitting.BATCH,
        rate=1e-3,
        decay=budgeted.MODEL.decay,
    )
    begun = time.process_time()
    train(steps=options.steps, seed=0)
    first = time.process_time() - begun
    eager()
    times = []
    for seed in range(options.rounds):
        row = []
        for call in (partial(train, steps=options.steps, seed=seed), eager):
            begun = time.process_time()
            call()
            row.append((time.process_time() - begun) / options.steps)
        times.append(row)
    compiled, torch_s = np.median(times, axis=0)
    ratio = np.median([b / a for a, b in times])
    print(
        f"loss {ours:.4f} and {theirs:.4f}; a step {1000 * compiled:.0f} ms compiled, {1000 * torch_s:.0f} ms in eager torch: "
        f"{ratio:.1f} times as fast; compiled in {first - options.steps * compiled:.0f} s"
    )


if __name__ == "__main__":
    main()
