"""Figures of foundation encoders: the similarity of patches to that of a hand, and the tokens that a pruner keeps.

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
_PALM = [0, 5, 9, 13, 17]  # the landmarks of a hand whose mean is the query

#: Thresholds of the pruner: the released one, and ones above the noise of cameras and of video coding.
THRESHOLDS = (CHANGED, 2.0, 8.0)
NOISE = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8)  # standard deviation in grey levels


def hand_patches(
    video: str | Path, tracks: str | Path, weights: str | Path, out: str | Path, count: int = 4
) -> list[float]:
    """Draw how similar the patches of vit_s_focus are to one of a hand; return how well that separates each frame's hand.

    The query is the patch in the palm of the hand with the highest score. It is compared by ``dino.similarity`` to all
    patches of its own and of other frames at least 1.5 s away. The number of a frame is the area under the ROC curve of
    that similarity, patches within the hull of the tracked hand against all others: 0.5 is chance. The network has
    DINOv2's architecture and was fine-tuned for saliency (see ``vit_s_focus``): the figure is not of DINOv2's or DINOv3's
    released weights. Raises KinesicsError naming the tracks if too few frames have a hand.
    """
    style()
    frames = _frames_with_hands(read_tracks(tracks), count, tracks)
    images = read_frame_at(video, [time_s for time_s, _ in frames])
    hands = [[_in_square(hand, images) for hand in hands] for _, hands in frames]
    squares = [crop_square(image, np.array([0.0, 0.0, 1.0, 1.0]), 0, (_SIDE, _SIDE)) for image in images]
    patches = _patches(squares, weights)
    grid = patches[0].shape[0]
    palm = hands[0][0][_PALM].mean(0)
    column, row = (palm * grid).astype(int)
    similarities = [dino.similarity(of_frame, patches[0][row, column]) for of_frame in patches]
    scores = [
        float(roc_auc_score(_within(of_frame, grid).ravel(), similarity.ravel()))
        for of_frame, similarity in zip(hands, similarities, strict=True)
    ]
    page, axes = plt.subplots(2, count, figsize=(TEXT, 0.5 + 2 * TEXT / count * images.shape[1] / images.shape[2]))
    for k, (top, below) in enumerate(axes.T):
        top.imshow(squares[k], extent=(0, 1, 1, 0))
        drawn = below.imshow(zoom(similarities[k], 4, order=1), extent=(0, 1, 1, 0), cmap="magma", vmin=0, vmax=1)
        _draw_hulls((top, below), hands[k])
        top.set_title(f"{frames[k][0]:.1f} s" + (" (query)" if k == 0 else ""))
        below.set_title(f"area under ROC {scores[k]:.2f}")
    axes[0, 0].plot(*palm, "o", mfc="none", mec=ORANGE, mew=1.2, ms=5)
    ratio = min(images.shape[1:3]) / max(images.shape[1:3])
    for axis in axes.ravel():
        axis.set_axis_off()
        axis.set_xlim(0, 1)
        axis.set_ylim((1 + ratio) / 2, (1 - ratio) / 2)
    page.subplots_adjust(left=0, right=0.9, bottom=0, top=0.95, wspace=0.03, hspace=0.15)
    bar = page.add_axes([0.915, 0.03, 0.012, 0.38])
    page.colorbar(drawn, cax=bar, label="cosine to the query patch")
    save(page, out)
    plt.close(page)
    return [round(score, 6) for score in scores]


def _in_square(hand: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the landmarks (21, 2) of a hand in fractions of the square about the frame."""
    height, width = images.shape[1:3]
    return 0.5 + (hand[:, :2] - 0.5) * (np.array([width, height]) / max(height, width))


def _patches(squares: Sequence[np.ndarray], weights: str | Path) -> list[np.ndarray]:
    """Return the patch tokens of vit_s_focus of each image: (grid, grid, D)."""
    torch.set_num_threads(1)
    network = vit_s_focus.load_network(Path(weights))
    mean, std = map(torch.tensor, pretrained.IMAGENET)
    patches = []
    for square in squares:
        with torch.inference_mode():
            pixels = pretrained.normalise(torch.from_numpy(square[None]), mean, std).float().cpu()
            patches.append(dino.tokens(network, pixels)[1][0].numpy())
    return patches


def _draw_hulls(axes: Sequence[plt.Axes], hands: Sequence[np.ndarray]) -> None:
    for hand in hands:
        hull = Delaunay(hand).convex_hull
        for axis in axes:
            for a, b in hull:
                axis.plot(*hand[[a, b]].T, color="w", lw=0.7)


def pruner(clips: Sequence[str], media: Sequence[str], out: str | Path, seed: int = 0) -> dict[str, list]:
    """Draw how many tokens VideoLLaMA 3's pruner keeps under noise, and return the shares: clip to (thresholds, noise).

    ``media`` are the videos of ``clips``. Frames are read at one per second; Gaussian noise is added to each on its own, in
    grey levels. ``still`` is the first clip's first frame, repeated: there, what is kept above one token per frame is noise
    alone.
    """
    style()
    frames = {
        name: np.stack([frame for *_, frame in read_frames(path, FRAME_HZ)])
        for name, path in zip(clips, media, strict=True)
    }
    first = next(iter(frames.values()))
    frames["still"] = np.repeat(first[:1], len(first), axis=0)
    shares = {name: survival(images, seed) for name, images in frames.items()}
    page, axes = plt.subplots(1, len(shares), figsize=(TEXT, 2.1), sharey=True, layout="constrained")
    for axis, (name, share) in zip(axes, shares.items(), strict=True):
        for curve, threshold, colour, mark in zip(share, THRESHOLDS, (BLACK, BLUE, GREEN), "o^s", strict=True):
            label = f"threshold {threshold:g}" + (" (released)" if threshold == CHANGED else "")
            axis.plot(NOISE, 100 * curve, f"-{mark}", color=colour, ms=3, lw=1, label=label, clip_on=False)
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


def survival(frames: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the share of tokens kept of frames, uint8 (T, H, W, 3), all but the first: (thresholds, noise)."""
    mean, std = map(torch.tensor, pretrained.HALF)
    out = np.empty((len(THRESHOLDS), len(NOISE)))
    noise = np.random.default_rng(seed).standard_normal(frames.shape)
    for k, deviation in enumerate(NOISE):
        noisy = (frames + deviation * noise).round().clip(0, 255).astype(np.uint8)
        pixels = pretrained.normalise(torch.from_numpy(fit_to_patches(noisy)), mean, std).float().cpu()
        patches, _ = pack_patches(pixels, 14, MERGE, 1)
        for j, threshold in enumerate(THRESHOLDS):
            out[j, k] = pruned_patches(patches, len(frames), threshold)[1:].float().mean()
    return out


def _frames_with_hands(tracks: Tracks, count: int, where: str | Path) -> list[tuple[float, list[np.ndarray]]]:
    """Return (time_s, hands) of the frames of person 0 with the highest hand scores, apart in time, the best first."""
    times_s = np.arange(tracks.frames) / tracks.rate_hz
    sides = [(tracks.dense(0, f"{side}_hand_score"), tracks.dense(0, f"{side}_hand")) for side in ("left", "right")]
    score = np.nan_to_num(np.fmax(sides[0][0], sides[1][0]), nan=0)
    frames: list[tuple[float, list[np.ndarray]]] = []
    for k in np.argsort(-score, kind="stable"):
        if score[k] <= 0 or len(frames) == count:
            break
        if all(abs(times_s[k] - time_s) >= _APART_S for time_s, _ in frames):
            best = sorted(sides, key=lambda side: -np.nan_to_num(side[0][k]))
            frames.append((float(times_s[k]), [hands[k].reshape(21, 3) for s, hands in best if s[k] > 0]))
    if len(frames) < count:
        raise KinesicsError(f"{where}: {len(frames)} frames with a hand, {count} are needed")
    return frames


def _within(hands: list[np.ndarray], grid: int) -> np.ndarray:
    """Return which patches have their middle in the hull of a hand: bool (grid, grid)."""
    middle = (np.indices((grid, grid))[::-1].reshape(2, -1).T + 0.5) / grid
    return np.any([Delaunay(hand).find_simplex(middle) >= 0 for hand in hands], axis=0).reshape(grid, grid)
