"""Figures of what foundation encoders see: the patches of a hand, and the tokens that a pruner keeps.

Both run networks or their preprocessing on the real clips; the numbers behind each figure are returned.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import torch
from scipy.ndimage import zoom
from scipy.spatial import Delaunay
from sklearn.metrics import roc_auc_score

matplotlib.use("pdf")
import matplotlib.pyplot as plt

from kinesics.encoders import dino, pretrained, vit_s_focus
from kinesics.encoders.extract import crop_square
from kinesics.encoders.transformers_vision import pack_patches
from kinesics.encoders.videollama3 import CHANGED, FRAME_HZ, MERGE, fit_to_patches, pruned_patches
from kinesics.errors import KinesicsError
from kinesics.media.video import read_frame_at, read_frames
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics_paper.article.style import BLACK, BLUE, GREEN, GREY, ORANGE, TEXT, save, style

_SIDE = 448  # pixels: 32 x 32 patches of 14
_APART_S = 1.5  # between the frames that are compared
_PALM = [0, 5, 9, 13, 17]  # the landmarks of a hand whose middle is asked about

#: Thresholds of the pruner: the released one, and ones above the noise of cameras and of video coding.
THRESHOLDS = (CHANGED, 2.0, 8.0)
NOISE = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8)  # standard deviation in grey levels


def hand_patches(
    video: str | Path, tracks: str | Path, weights: str | Path, out: str | Path, count: int = 4
) -> list[float]:
    """Draw what the patches of vit_s_focus know of a hand, and return how well each frame's hand is told by them.

    One patch, in the palm of the hand that is seen best, is compared to all patches of its own and of other frames at
    least 1.5 s away, by ``dino.similarity``. The number of a frame is the area under the ROC curve of that similarity,
    patches within the hull of the tracked hand against all others: 0.5 is chance. The network has DINOv2's architecture
    and was fine-tuned for saliency (see ``vit_s_focus``): the figure is not of DINOv2's or DINOv3's released weights.
    Raises KinesicsError naming the tracks if too few frames have a hand.
    """
    style()
    torch.set_num_threads(1)
    network = vit_s_focus.load_network(Path(weights))
    seen = _hands(read_tracks(tracks), count, tracks)
    shown = read_frame_at(video, [time_s for time_s, _ in seen])
    mean, std = map(torch.tensor, pretrained.IMAGENET)
    squares, hulls, known = [], [], []
    for frame, (_, hands) in zip(shown, seen, strict=True):
        height, width = frame.shape[:2]
        side = max(height, width)
        square = np.array([width, height]) / side  # the frame's share of the square it is cut to
        points = [0.5 + (hand[:, :2] - 0.5) * square for hand in hands]
        squares.append(crop_square(frame, np.array([0.0, 0.0, 1.0, 1.0]), 0, (_SIDE, _SIDE)))
        hulls.append(points)
        with torch.inference_mode():
            pixels = pretrained.normalise(torch.from_numpy(squares[-1][None]), mean, std).float().cpu()
            known.append(dino.tokens(network, pixels)[1][0].numpy())
    grid = known[0].shape[0]
    palm = hulls[0][0][_PALM].mean(0)
    column, row = (palm * grid).astype(int)
    asked = known[0][row, column]
    scores = []
    page, axes = plt.subplots(2, count, figsize=(TEXT, 0.5 + 2 * TEXT / count * shown.shape[1] / shown.shape[2]))
    for k, (image, points, patches) in enumerate(zip(squares, hulls, known, strict=True)):
        alike = dino.similarity(patches, asked)
        inside = _within(points, grid)
        scores.append(float(roc_auc_score(inside.ravel(), alike.ravel())))
        top, below = axes[:, k]
        top.imshow(image, extent=(0, 1, 1, 0))
        drawn = below.imshow(zoom(alike, 4, order=1), extent=(0, 1, 1, 0), cmap="magma", vmin=0, vmax=1)
        for hand in points:
            hull = Delaunay(hand).convex_hull
            for axis in (top, below):
                for a, b in hull:
                    axis.plot(*hand[[a, b]].T, color="w", lw=0.7)
        top.set_title(f"{seen[k][0]:.1f} s" + (" (asked)" if k == 0 else ""))
        below.set_title(f"area under ROC {scores[-1]:.2f}")
    axes[0, 0].plot(*palm, "o", mfc="none", mec=ORANGE, mew=1.2, ms=5)
    ratio = min(shown.shape[1:3]) / max(shown.shape[1:3])
    for axis in axes.ravel():
        axis.set_axis_off()
        axis.set_xlim(0, 1)
        axis.set_ylim((1 + ratio) / 2, (1 - ratio) / 2)
    page.subplots_adjust(left=0, right=0.9, bottom=0, top=0.95, wspace=0.03, hspace=0.15)
    bar = page.add_axes([0.915, 0.03, 0.012, 0.38])
    page.colorbar(drawn, cax=bar, label="cosine to the patch asked")
    save(page, out)
    plt.close(page)
    return [round(score, 6) for score in scores]


def pruner(clips: Sequence[str], media: Sequence[str], out: str | Path, seed: int = 0) -> dict[str, list]:
    """Draw how many tokens VideoLLaMA 3's pruner keeps under noise, and return the shares: clip to (thresholds, noise).

    ``media`` are the videos of ``clips``.

    Frames at one a second; Gaussian noise is added to each on its own, in grey levels. ``still`` is the first clip's
    first frame, repeated: there, what is kept above one token a frame is noise alone.
    """
    style()
    frames = {
        name: np.stack([frame for *_, frame in read_frames(path, FRAME_HZ)])
        for name, path in zip(clips, media, strict=True)
    }
    first = next(iter(frames.values()))
    frames["still"] = np.repeat(first[:1], len(first), axis=0)
    shares = {name: survival(clip, seed) for name, clip in frames.items()}
    page, axes = plt.subplots(1, len(shares), figsize=(TEXT, 2.1), sharey=True, layout="constrained")
    for axis, (name, share) in zip(axes, shares.items(), strict=True):
        for line, threshold, colour, mark in zip(share, THRESHOLDS, (BLACK, BLUE, GREEN), "o^s", strict=True):
            label = f"threshold {threshold:g}" + (" (released)" if threshold == CHANGED else "")
            axis.plot(NOISE, 100 * line, f"-{mark}", color=colour, ms=3, lw=1, label=label, clip_on=False)
        axis.set_title(name.replace("_", " ") if name != "still" else "one frame, repeated")
        axis.set_xscale("symlog", linthresh=0.5)
        axis.set_xticks([0, 0.5, 1, 2, 4, 8], ["0", "0.5", "1", "2", "4", "8"])
        axis.minorticks_off()
        axis.set_ylim(0, 100)
        axis.grid(axis="y", color=GREY, alpha=0.25, lw=0.5)
    axes[0].set_ylabel("tokens kept (%)")
    page.supxlabel("standard deviation of the noise added (grey levels)", fontsize=8)
    page.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(THRESHOLDS))
    save(page, out)
    plt.close(page)
    return {name: share.round(6).tolist() for name, share in shares.items()}


def survival(clip: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the share of tokens of a clip, uint8 (T, H, W, 3), that is kept: (thresholds, noise), of all but frame 0."""
    mean, std = map(torch.tensor, pretrained.HALF)
    out = np.empty((len(THRESHOLDS), len(NOISE)))
    noise = np.random.default_rng(seed).standard_normal(clip.shape)
    for k, deviation in enumerate(NOISE):
        noisy = (clip + deviation * noise).round().clip(0, 255).astype(np.uint8)
        pixels = pretrained.normalise(torch.from_numpy(fit_to_patches(noisy)), mean, std).float().cpu()
        patches, _ = pack_patches(pixels, 14, MERGE, 1)
        for j, threshold in enumerate(THRESHOLDS):
            out[j, k] = pruned_patches(patches, len(clip), threshold)[1:].float().mean()
    return out


def _hands(tracks: Tracks, count: int, where: str | Path) -> list[tuple[float, list[np.ndarray]]]:
    """Return (time_s, hands) of the frames of person 0 whose hands are seen best, apart in time, the best first."""
    times_s = np.arange(tracks.frames) / tracks.rate_hz
    sides = [(tracks.dense(0, f"{side}_hand_score"), tracks.dense(0, f"{side}_hand")) for side in ("left", "right")]
    score = np.nan_to_num(np.fmax(sides[0][0], sides[1][0]), nan=0)
    found: list[tuple[float, list[np.ndarray]]] = []
    for k in np.argsort(-score, kind="stable"):
        if score[k] <= 0 or len(found) == count:
            break
        if all(abs(times_s[k] - time_s) >= _APART_S for time_s, _ in found):
            best = sorted(sides, key=lambda side: -np.nan_to_num(side[0][k]))
            found.append((float(times_s[k]), [hands[k].reshape(21, 3) for s, hands in best if s[k] > 0]))
    if len(found) < count:
        raise KinesicsError(f"{where}: {len(found)} frames with a hand, {count} are needed")
    return found


def _within(hands: list[np.ndarray], grid: int) -> np.ndarray:
    """Return which patches have their middle in the hull of a hand: bool (grid, grid)."""
    middle = (np.indices((grid, grid))[::-1].reshape(2, -1).T + 0.5) / grid
    return np.any([Delaunay(hand).find_simplex(middle) >= 0 for hand in hands], axis=0).reshape(grid, grid)
