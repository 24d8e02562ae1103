"""Makers of tiny foundation models with random weights, in the folders and files that the real ones come in."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
import transformers
from transformers import PreTrainedModel

#: Of every transformer here: sixteen numbers a token, two heads, one or two layers.
SMALL = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 32}
BERT = {"vocab_size": 40, **SMALL}
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


#: A tiny network of each kind: what makes it, and the changes to a row of encoders.csv that declare it.
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
    with torch.no_grad():  # fresh weights are too alike to tell a mistake: position embeddings may be zero
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    network.save_pretrained(folder)
    return folder


def declare(kind: str) -> dict[str, str]:
    """Return a row of encoders.csv for a tiny network."""
    row = {"name": kind, "weights": f"nobody/{kind}", "frames": "1", "parameters": "0.1", "licence": "MIT"}
    return row | {"gated": "no", "citation": "", "description": "random"} | TINY[kind][1]


def save_tokeniser(folder: Path) -> None:
    """Write a tokeniser of single signs, with VideoLLaMA 3's marks and a chat template, into a folder."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    signs = ["<pad>", "<start>", "<end>", "<image>", "<video>", *sorted(set(map(chr, range(32, 127))) | {"\n"})]
    words = Tokenizer(models.WordLevel({sign: k for k, sign in enumerate(signs)}, unk_token="<pad>"))
    words.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    words.decoder = decoders.Fuse()
    words.add_special_tokens(signs[:5])
    pieces = transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<end>")
    pieces.chat_template = "{% for m in messages %}<start>{{ m['content'] }}<end>{% endfor %}"
    pieces.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 2, "pad_token_id": 0}))


def unfolded(clip: torch.Tensor, patch: int, tubelet: int) -> torch.Tensor:
    """Return patches of a video (T, 3, H, W) in the order of Qwen's towers, one loop an axis."""
    out, (count, _, height, width) = [], clip.shape
    for t in range(0, count, tubelet):
        for y in range(0, height, 2 * patch):
            for x in range(0, width, 2 * patch):
                for dy in (0, patch):
                    for dx in (0, patch):
                        rows, columns = slice(y + dy, y + dy + patch), slice(x + dx, x + dx + patch)
                        out.append(clip[t : t + tubelet, :, rows, columns].transpose(0, 1).flatten())
    return torch.stack(out)
