"""Tiny foundation models with random weights, in the folders of the real ones, and their features by transformers itself."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel

from kinesics.encoders.base import encoder_shape
from kinesics.encoders.extract import crop_square, encode_crops
from kinesics.encoders.loading import load_encoder
from kinesics.encoders.registry import find_encoder
from kinesics.media.video import probe_video, read_frames
from kinesics.structures.features import read_features
from support.person_tracks import FACE, everywhere, write_tracks

#: Of every transformer here: sixteen numbers per token, two heads, one or two layers.
SMALL = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32}
BERT = {"vocab_size": 40, **SMALL}
#: Mean and deviation of pixels in [0, 1].
IMAGENET = (np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]))
QWEN = {"num_key_value_heads": 1, "vocab_size": 120, **SMALL}


def _dinov3() -> PreTrainedModel:
    return transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**SMALL, num_register_tokens=4, patch_size=16))


def _convnext() -> PreTrainedModel:
    sizes = {"hidden_sizes": [4, 8, 8, 16], "depths": [1, 1, 1, 1]}
    return transformers.DINOv3ConvNextModel(transformers.DINOv3ConvNextConfig(**sizes))


def _dinov2() -> PreTrainedModel:
    return transformers.Dinov2Model(transformers.Dinov2Config(**SMALL, image_size=56, patch_size=14))


def _dinov2_registers() -> PreTrainedModel:
    config = transformers.Dinov2WithRegistersConfig(**SMALL, image_size=56, patch_size=14, num_register_tokens=4)
    return transformers.Dinov2WithRegistersModel(config)


def _siglip() -> PreTrainedModel:
    vision = {**SMALL, "image_size": 64, "patch_size": 16}
    return transformers.SiglipModel(transformers.SiglipConfig(text_config=BERT, vision_config=vision))


def _videoprism() -> PreTrainedModel:
    layers = {"num_spatial_layers": 1, "num_temporal_layers": 1, "image_size": 36, "num_frames": 4}
    sizes = {key: value for key, value in SMALL.items() if key != "num_hidden_layers"}
    return transformers.VideoPrismVisionModel(transformers.VideoPrismVisionConfig(**sizes, **layers))


def _vjepa2() -> PreTrainedModel:
    predictor = {"pred_hidden_size": 16, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
    sizes = {"hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 1, "mlp_ratio": 2}
    return transformers.VJEPA2Model(transformers.VJEPA2Config(**sizes, **predictor, crop_size=32, frames_per_clip=4))


def _videomae() -> PreTrainedModel:
    decoder = {f"decoder_{key}": value for key, value in SMALL.items()}
    config = transformers.VideoMAEConfig(**SMALL, **decoder, image_size=32, num_frames=4)
    return transformers.VideoMAEForPreTraining(config)


def _qwen3_vl() -> PreTrainedModel:
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
    vision = {"hidden_size": 16, "num_heads": 2, "depth": 2, "intermediate_size": 32, "out_hidden_size": 16}
    vision |= {"deepstack_visual_indexes": [0], "num_position_embeddings": 16}
    config = transformers.Qwen3VLConfig(
        text_config={**QWEN, "head_dim": 8, "rope_parameters": rope}, vision_config=vision
    )
    return transformers.Qwen3VLForConditionalGeneration(config)


def _videollama3() -> PreTrainedModel:
    config = transformers.VideoLlama3Config(
        text_config={"model_type": "qwen2", **QWEN},
        vision_config={**SMALL, "patch_size": 14},
        image_token_id=3,
        video_token_id=4,
    )
    return transformers.VideoLlama3ForConditionalGeneration(config)


def _wavlm() -> PreTrainedModel:
    convolutions = {"conv_dim": (8, 8), "conv_stride": (20, 16), "conv_kernel": (20, 16), "num_feat_extract_layers": 2}
    pos = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
    return transformers.WavLMModel(transformers.WavLMConfig(**SMALL, **convolutions, **pos))


def _wav2vec2() -> PreTrainedModel:
    convolutions = {"conv_dim": (8, 8), "conv_stride": (20, 16), "conv_kernel": (20, 16), "num_feat_extract_layers": 2}
    pos = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
    return transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**SMALL, **convolutions, **pos))


def _whisper() -> PreTrainedModel:
    sizes = {f"{part}_{key}": 2 for part in ("encoder", "decoder") for key in ("layers", "attention_heads")}
    sizes |= {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "vocab_size": 40, "pad_token_id": 0}
    sizes |= {"bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    return transformers.WhisperModel(transformers.WhisperConfig(d_model=16, **sizes))


#: A tiny network of each kind: the function that makes it, and the columns of registry.csv that declare it.
TINY: dict[str, tuple[Callable[[], PreTrainedModel], dict[str, str]]] = {
    "dinov3": (_dinov3, {"module": "dino", "input": "image", "size": "64", "dim": "32"}),
    "convnext": (_convnext, {"module": "dino", "input": "image", "size": "64", "dim": "32"}),
    "dinov2": (_dinov2, {"module": "dino", "input": "image", "size": "56", "dim": "32"}),
    "dinov2_registers": (_dinov2_registers, {"module": "dino", "input": "image", "size": "70", "dim": "32"}),
    "siglip": (_siglip, {"module": "transformers_vision", "input": "image", "size": "64", "dim": "16"}),
    "videollama3": (_videollama3, {"module": "videollama3", "input": "image", "size": "56", "dim": "16"}),
    "videoprism": (
        _videoprism,
        {"module": "transformers_vision", "input": "clip", "frames": "4", "size": "36", "dim": "16"},
    ),
    "vjepa2": (_vjepa2, {"module": "transformers_vision", "input": "clip", "frames": "4", "size": "32", "dim": "24"}),
    "videomae": (
        _videomae,
        {"module": "transformers_vision", "input": "clip", "frames": "4", "size": "32", "dim": "16"},
    ),
    "qwen3_vl": (
        _qwen3_vl,
        {"module": "transformers_vision", "input": "clip", "frames": "3", "size": "64", "dim": "16"},
    ),
    "wavlm": (_wavlm, {"module": "transformers_audio", "input": "sound", "frames": "32000", "size": "0", "dim": "16"}),
    "wav2vec2": (
        _wav2vec2,
        {"module": "transformers_audio", "input": "sound", "frames": "32000", "size": "0", "dim": "16"},
    ),
    "whisper": (
        _whisper,
        {"module": "transformers_audio", "input": "sound", "frames": "32000", "size": "0", "dim": "16"},
    ),
}


def save(kind: str, folder: Path) -> Path:
    """Write a tiny network into a folder as ``save_pretrained`` does, the same each time, and return the folder."""
    torch.manual_seed(0)
    transformers.utils.logging.disable_progress_bar()
    network = TINY[kind][0]()
    with torch.no_grad():  # fresh weights are too alike to show a mistake: position embeddings may be zero
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(folder)
    return folder


def declare(kind: str) -> dict[str, str]:
    """Return a row of registry.csv for a tiny network."""
    row = {"name": kind, "weights": f"nobody/{kind}", "frames": "1", "parameters": "0.1", "licence": "MIT"}
    return row | {"gated": "no", "citation": "", "description": "random"} | TINY[kind][1]


def save_tokeniser(folder: Path) -> None:
    """Write a tokeniser of single characters, with VideoLLaMA 3's marks and a chat template, into a folder."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    tokens = ["<pad>", "<start>", "<end>", "<image>", "<video>", *sorted(set(map(chr, range(32, 127))) | {"\n"})]
    model = Tokenizer(models.WordLevel({token: k for k, token in enumerate(tokens)}, unk_token="<pad>"))
    model.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    model.decoder = decoders.Fuse()
    model.add_special_tokens(tokens[:5])
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=model, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = "{% for m in messages %}<start>{{ m['content'] }}<end>{% endfor %}"
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 2, "pad_token_id": 0}))


def unfolded(clip: torch.Tensor, patch: int, tubelet: int) -> torch.Tensor:
    """Return patches of a video (T, 3, H, W) in the order of Qwen's towers, one loop per axis."""
    out, (count, _, height, width) = [], clip.shape
    for t in range(0, count, tubelet):
        for y in range(0, height, 2 * patch):
            for x in range(0, width, 2 * patch):
                for dy in (0, patch):
                    for dx in (0, patch):
                        rows, columns = slice(y + dy, y + dy + patch), slice(x + dx, x + dx + patch)
                        out.append(clip[t : t + tubelet, :, rows, columns].transpose(0, 1).flatten())
    return torch.stack(out)


def whole_network(folder: Path) -> PreTrainedModel:
    """Return the whole network of a folder, as transformers itself loads it."""
    return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()


def reference_features(kind: str, folder: Path, inputs: np.ndarray) -> torch.Tensor:
    """Return the output of the whole network for images or clips, called as transformers' documentation does."""
    half = (np.full(3, 0.5), np.full(3, 0.5))
    network = whole_network(folder)
    if kind == "siglip":
        return network.get_image_features(_pixels(inputs, *half)).pooler_output
    if kind == "videoprism":
        return network(_pixels(inputs, 0, 1)).last_hidden_state.mean(1)
    if kind == "vjepa2":
        return network.get_vision_features(_pixels(inputs)).mean(1)
    if kind == "videomae":
        return network(_pixels(inputs)).last_hidden_state.mean(1)
    if kind == "qwen3_vl":
        video = _pixels(np.concatenate([inputs, inputs[:, -1:]], 1), *half)  # four frames: two tubelets
        grid = torch.tensor([[2, 4, 4]])
        flat = [unfolded(clip, 16, 2) for clip in video]
        return torch.stack([network.get_video_features(patches, grid).pooler_output[0].mean(0) for patches in flat])
    if kind == "videollama3":
        grid, merge = torch.tensor([[1, 4, 4]]), torch.tensor([2])
        flat = [unfolded(clip[None], 14, 1) for clip in _pixels(inputs, *half)]
        tower = network.vision_model
        return torch.stack([tower(patches, grid, merge).last_hidden_state.mean(0) for patches in flat])
    out = network(_pixels(inputs))
    registers = getattr(network.config, "num_register_tokens", 0)
    return torch.cat([out.pooler_output, out.last_hidden_state[:, 1 + registers :].mean(1)], 1)


def _pixels(inputs: np.ndarray, mean: np.ndarray = IMAGENET[0], std: np.ndarray = IMAGENET[1]) -> torch.Tensor:
    """Return uint8 images or clips normalised for a network, by numpy in double precision."""
    return torch.from_numpy(np.moveaxis((inputs / 255 - mean) / std, -1, -3).astype(np.float32))


def reference_inputs(kind: str, video: Path, box: tuple[float, ...], rate_hz: float) -> np.ndarray:
    """Return the inputs of an encoder for one box of a video: images, or clips cut from the frames of a denser grid."""
    encoder, shape = find_encoder(kind), encoder_shape(kind)
    box, size = np.array(box, np.float32).astype(float), shape.input[-3:-1]

    def crops(at_hz: float) -> list[np.ndarray]:
        return [crop_square(frame, box, encoder.margin, size) for _, _, frame in read_frames(video, at_hz)]

    if shape.kind == "image":
        return np.stack(crops(rate_hz))
    count = shape.input[0]
    grid_hz = count / encoder.span_s
    grid = crops(grid_hz)
    clips = []
    for k in range(int(np.ceil(probe_video(video).duration_s * rate_hz))):
        middle = int(np.floor(k / rate_hz * grid_hz + 1e-6))
        first = middle + (count - 1) // 2 - count + 1
        clips.append([grid[min(max(first + j, 0), len(grid) - 1)] for j in range(count)])
    return np.array(clips)


def assert_features_of_transformers(kind: str, weights: Path, video: Path, folder: Path) -> None:
    """Assert that ``encode_crops`` writes what transformers itself outputs for the same crops, and no constant."""
    tracks = write_tracks(folder / "t.parquet", video, {0: everywhere(range(24))})
    encode_crops(video, tracks, kind, weights, folder / "f", rate_hz=2, crops=["face"], progress=False)
    face = read_features(folder / "f").crops["face"]
    inputs = reference_inputs(kind, video, FACE, 2)
    assert face.time_s.tolist() == [k / 2 for k in range(5)]
    assert face.tokens.tobytes() == load_encoder(kind, weights)(inputs).tobytes()
    with torch.inference_mode():
        expected = reference_features(kind, weights, inputs).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3, "all crops look the same to it"
    np.testing.assert_allclose(face.tokens, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
