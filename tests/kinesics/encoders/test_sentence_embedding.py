"""Sentence embeddings: near for sentences of the same meaning, and times of the sentences of a speech."""

import shutil

import numpy as np
import pytest

from kinesics.encoders import sentence_embedding, transcription
from kinesics.encoders.extract import encode_sound
from kinesics.encoders.loading import load_encoder
from kinesics.errors import KinesicsError
from kinesics.structures import features


def test_the_recogniser_lies_beside_the_network_given_as_a_file_or_a_folder(tmp_path):
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm/model.safetensors").touch()
    for weights in (tmp_path / "minilm", tmp_path / "minilm/model.safetensors"):
        assert sentence_embedding.recogniser_folder(weights) == (tmp_path / transcription.SPEECH_MODEL).resolve()


@pytest.mark.slow
def test_a_president_s_speech_is_embedded_sentence_by_sentence(source, clip, tmp_path):
    """The released recogniser and text network on 8.7 s of a speech."""
    source("whisper-tiny-en")
    weights = source("minilm")
    encode_sound(clip("obama_speech"), "minilm", weights, tmp_path / "f", progress=False)
    sentences = features.read_features(tmp_path / "f").crops["text"]
    transcript = transcription.transcribe(clip("obama_speech"), weights.parent.parent / transcription.SPEECH_MODEL)
    assert sentences.time_s.tolist() == [start_s for start_s, *_ in transcript]
    np.testing.assert_allclose(np.linalg.norm(sentences.tokens, axis=1), 1, atol=1e-5)
    encode = load_encoder("minilm", weights)
    vectors = encode(["A dog runs on the beach.", "A puppy is running by the sea.", "The senate passed a budget."])
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    assert encode(["A dog runs on the beach."]).tobytes() == vectors[:1].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_damaged_files_are_named(file, source, tmp_path):
    folder = shutil.copytree(source("minilm").parent, tmp_path / "copy")
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 0x01
    (folder / file).write_bytes(content)
    with pytest.raises(KinesicsError, match=rf"{file}: damaged: .* kinesics fetch minilm"):
        load_encoder("minilm", folder)
    (folder / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(
        KinesicsError, match=r"copy: (cannot be loaded|no network of transformers|its tokenizer cannot)"
    ):
        load_encoder("minilm", folder / "model.safetensors")
