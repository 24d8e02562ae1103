"""Transcription of speech: a recogniser that is missing or damaged is named."""

import shutil

import pytest

from kinesics.encoders.transcription import SPEECH_MODEL, transcribe
from kinesics.errors import KinesicsError


@pytest.mark.slow
def test_a_speech_is_transcribed_in_sentences(source, clip):
    sentences = transcribe(clip("obama_speech"), source(SPEECH_MODEL).parent)
    assert sentences
    for start_s, end_s, text in sentences:
        assert 0 <= start_s < end_s <= 9
        assert text == text.strip() != ""
    assert [start_s for start_s, *_ in sentences] == sorted(start_s for start_s, *_ in sentences)


def test_a_missing_recogniser_is_named_with_the_way_to_get_it(tmp_path, clip):
    with pytest.raises(KinesicsError, match="no speech recogniser; get it with: kinesics fetch whisper-tiny-en"):
        transcribe(clip("obama_speech"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["model.bin", "config.json", "tokenizer.json"])
def test_a_damaged_recogniser_is_named(file, source, tmp_path, clip):
    folder = shutil.copytree(source(SPEECH_MODEL).parent, tmp_path / "copy")
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 0x01
    (folder / file).write_bytes(content)
    with pytest.raises(KinesicsError, match=rf"{file}: damaged: .* kinesics fetch whisper-tiny-en"):
        transcribe(clip("obama_speech"), folder)
    (folder / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(KinesicsError, match="copy: not a speech recogniser of CTranslate2"):
        transcribe(clip("obama_speech"), folder)
