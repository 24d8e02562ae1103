"""Audio encoders from transformers behind one interface: WavLM, wav2vec 2.0, and the encoder of Whisper.

Input, two seconds around an instant, 16 kHz mono; output, the mean of the network's last tokens. Chen et al. 2022, WavLM
(arXiv:2110.13900); Baevski et al. 2020, wav2vec 2.0 (arXiv:2006.11477); Radford et al. 2023, Whisper (arXiv:2212.04356),
whose input is the two seconds, then silence up to its thirty: the mean is over the tokens of the two seconds only.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import Wav2Vec2Model, WavLMModel, WhisperFeatureExtractor, WhisperModel

from kinesics.encoders import pretrained
from kinesics.encoders.base import AudioNetwork
from kinesics.media.audio import SOUND_HZ

_TOKEN = 320  # samples per token of all three: 20 ms


def load(weights: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from audio, float32 (N, samples), to mean tokens, float32 (N, C)."""
    torch.set_num_threads(1)
    network = pretrained.load_pretrained(
        weights, {"wavlm": WavLMModel, "wav2vec2": Wav2Vec2Model, "whisper": WhisperModel}
    )
    tokens = _spectrum_tokens(network) if network.config.model_type == "whisper" else _wave_tokens(network, weights)

    @torch.inference_mode()
    def encode(audio: np.ndarray) -> np.ndarray:
        return tokens(audio).mean(1).float().cpu().numpy()

    return encode


def _wave_tokens(network: WavLMModel | Wav2Vec2Model, weights: Path) -> Callable[[np.ndarray], torch.Tensor]:
    normalises = pretrained.preprocessor(weights).get("do_normalize", True)

    def tokens(audio: np.ndarray) -> torch.Tensor:
        waves = torch.from_numpy(audio)
        if normalises:  # to mean 0 and variance 1, as the networks' feature extractor does
            waves = (waves - waves.mean(1, keepdim=True)) / (waves.var(1, keepdim=True, correction=0) + 1e-7).sqrt()
        return network(waves.to(pretrained.device(), pretrained.precision())).last_hidden_state

    return tokens


def _spectrum_tokens(network: WhisperModel) -> Callable[[np.ndarray], torch.Tensor]:
    spectrum = WhisperFeatureExtractor(network.config.num_mel_bins)

    def tokens(audio: np.ndarray) -> torch.Tensor:
        mel = spectrum(list(audio), sampling_rate=SOUND_HZ, return_tensors="pt").input_features
        outputs = network.encoder(mel.to(pretrained.device(), pretrained.precision())).last_hidden_state
        return outputs[:, : audio.shape[1] // _TOKEN]

    return tokens


ENCODER = AudioNetwork(load=load, rate_hz=1.0, span_s=2.0)  # a phrase
