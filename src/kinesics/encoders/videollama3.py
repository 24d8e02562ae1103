"""VideoLLaMA 3: features of its vision encoder, its pruner of tokens, and answers about frames with times.

Zhang et al. 2025 (arXiv:2501.13106). Each frame is cut into patches of 14 pixels, 2x2 of them one token; of every frame
but the first the pruner keeps the tokens whose pixels changed. Networks are those of ``transformers``; its video
processor needs torchvision, whose builds must match torch's to the digit, so what it does (resizing, cutting, pruning,
writing the prompt) is written here, and is tested against it where it can be imported.

As an encoder its input is a crop of 224x224; output, the mean of the vision encoder's last tokens, 1152 numbers.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, VideoLlama3ForConditionalGeneration
from transformers.models.video_llama_3.modeling_video_llama_3 import VideoLlama3VisionModel

from kinesics.encoders import pretrained
from kinesics.encoders.base import CropNetwork
from kinesics.encoders.transformers_vision import pack_patches
from kinesics.errors import KinesicsError
from kinesics.io.files import one_line

FRAME_HZ = 1.0  # the paper's sampling
MERGE = 2  # patches a side of a token
CHANGED = 0.1  # of pixels scaled to [-1, 1], times 255: the threshold of the released code
_PIXELS = (128 * 28 * 28, 768 * 28 * 28)  # of a frame at least, of all frames at most: the released settings


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from uint8 RGB (N, H, W, 3) to mean tokens of the vision encoder, float32 (N, 1152)."""
    torch.set_num_threads(1)
    network = pretrained.load_pretrained(weights, {"video_llama_3": VideoLlama3VisionModel}, "model.vision_model.")
    mean, std = pretrained.normalisation(weights, pretrained.HALF)

    @torch.inference_mode()
    def encode(images: np.ndarray) -> np.ndarray:
        pixels = pretrained.normalise(torch.from_numpy(images), mean, std)
        return torch.stack([vision_tokens(network, image[None]).mean(0) for image in pixels]).float().cpu().numpy()

    return encode


def vision_tokens(network: VideoLlama3VisionModel, pixels: torch.Tensor) -> torch.Tensor:
    """Return the vision encoder's tokens (P, C) of normalised frames (T, 3, H, W), before pruning: 28 pixels a token."""
    patches, grid = _frames_packed(pixels, network.config.patch_size)
    return network(patches, grid_thw=grid, merge_sizes=torch.full((1,), MERGE)).last_hidden_state


def pruned_patches(patches: torch.Tensor, frames: int, changed: float = CHANGED) -> torch.Tensor:
    """Return which tokens are kept by the differential frame pruner: bool (frames, tokens a frame).

    ``patches`` (P, 588) are the normalised pixels in the order of ``pack_patches``. A token is kept if its pixels differ from
    those of the frame before by more than ``changed`` on average, the paper's equation for frame differences; all of
    the first frame are, and at least the first one of each.
    """
    tokens = patches.reshape(frames, -1, MERGE**2 * patches.shape[1])
    differs = (tokens[1:] - tokens[:-1]).abs().mean(-1) * 255 > changed
    differs[:, 0] |= ~differs.any(1)
    first = torch.ones_like(differs[:1]) if frames > 1 else tokens.new_ones(1, tokens.shape[1]).bool()
    return torch.cat([first, differs])


def fit_to_patches(frames: np.ndarray, patch: int = 14, pixels: tuple[int, int] = _PIXELS) -> np.ndarray:
    """Return frames, uint8 (T, H, W, 3), resized to whole tokens and to the number of pixels that the network reads.

    A frame has at least ``pixels[0]``, and all frames together at most ``pixels[1]``, as far as whole tokens allow.
    """
    (height, width), token = frames.shape[1:3], patch * MERGE
    sides = np.maximum(np.round(np.array([height, width]) / token), 1) * token
    at_most = max(pixels[1] // len(frames), token * token)
    if sides.prod() > at_most:
        sides = np.maximum(np.floor(np.array([height, width]) * np.sqrt(at_most / (height * width)) / token), 1) * token
    elif sides.prod() < pixels[0]:
        sides = np.ceil(np.array([height, width]) * np.sqrt(pixels[0] / (height * width)) / token) * token
    pixels = torch.from_numpy(frames).movedim(-1, 1)
    out = torch.nn.functional.interpolate(pixels, tuple(map(int, sides)), mode="bicubic", antialias=True)
    return np.ascontiguousarray(out.movedim(1, -1).numpy())


def answerer(weights: str | Path, max_tokens: int = 256) -> Callable[[np.ndarray, Sequence[float], str], str]:
    """Return the function that answers a question about frames, uint8 (T, H, W, 3), shown at times in seconds.

    Greedy, so the same question has the same answer. Raises KinesicsError for missing weights and for another network.
    """
    torch.set_num_threads(1)
    weights = pretrained.hub_folder(weights)
    network = pretrained.load_pretrained(weights, {"video_llama_3": VideoLlama3ForConditionalGeneration})
    mean, std = pretrained.normalisation(weights, pretrained.HALF)
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise KinesicsError(f"{weights}: no tokeniser: {one_line(error)}") from None
    patch, mark = network.config.vision_config.patch_size, network.config.video_token_id

    @torch.inference_mode()
    def answer(frames: np.ndarray, times_s: Sequence[float], question: str) -> str:
        pixels = pretrained.normalise(torch.from_numpy(fit_to_patches(frames, patch)), mean, std)
        patches, grid = _frames_packed(pixels, patch)
        kept = pruned_patches(patches.float(), len(frames))
        frame_tokens = [
            f"Time {time_s:.1f}s:" + tokenizer.convert_ids_to_tokens(mark) * int(count)
            for time_s, count in zip(times_s, kept.sum(1), strict=True)
        ]
        message = [{"role": "user", "content": ",".join(frame_tokens) + "\n" + question}]
        ids = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        out = network.generate(
            **ids.to(pretrained.device()),
            pixel_values_videos=patches,
            video_grid_thw=grid,
            video_merge_sizes=torch.full((1,), MERGE),
            video_compression_mask=kept.flatten(),
            do_sample=False,
            max_new_tokens=max_tokens,
        )
        return tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip()

    return answer


def _frames_packed(pixels: torch.Tensor, patch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return pack_patches(pixels, patch, MERGE, 1)


ENCODER = CropNetwork(
    load=load,
    rate_hz=1.0,
    crops=("face", "person"),
    margin=0.2,  # context: hair, and hands that reach for the face
)
