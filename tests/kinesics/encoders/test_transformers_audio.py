"""Audio encoders from transformers on tiny random networks: features of transformers itself for the same windows."""

import numpy as np
import pytest
import torch
import transformers
from support.foundation import whole_network

from kinesics.encoders.extract import NO_PERSON, encode_sound
from kinesics.media import audio
from kinesics.media.audio import SOUND_HZ
from kinesics.structures import features


@pytest.mark.parametrize("kind", ["wavlm", "wav2vec2", "whisper"])
def test_features_are_those_of_transformers_for_the_same_audio(kind, tiny, tmp_path, clip):
    weights = tiny(kind)
    encode_sound(clip("obama_speech"), kind, weights, tmp_path / "f", rate_hz=0.5, progress=False)
    written = features.read_features(tmp_path / "f").crops["sound"]
    assert written.time_s.tolist() == [0, 2, 4, 6, 8]
    assert set(written.person) == {NO_PERSON}
    wave = np.concatenate([np.zeros(SOUND_HZ), audio.read_sound(clip("obama_speech")), np.zeros(2 * SOUND_HZ)])
    windows = [wave[2 * k * SOUND_HZ :][: 2 * SOUND_HZ] for k in range(5)]
    if kind == "whisper":
        inputs = transformers.WhisperFeatureExtractor()(windows, sampling_rate=SOUND_HZ, return_tensors="pt")
        network, length = whole_network(weights).encoder, 100
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
        inputs = extractor(windows, sampling_rate=SOUND_HZ, return_tensors="pt")
        network, length = whole_network(weights), None
    with torch.inference_mode():
        expected = network(**inputs).last_hidden_state[:, :length].mean(1).numpy()
    np.testing.assert_allclose(written.tokens, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
