"""Speech repeats to the sample, and the mouth follows its phonemes."""

import numpy as np
import pytest

from kinesics.errors import KinesicsError
from kinesics.synthetic import speech


def test_speech_repeats_and_the_mouth_follows():
    speech.synthesize.cache_clear()
    first = speech.synthesize("My baby may move.", "f1", 50, 150)
    speech.synthesize("Something else in between.", "m1", 40, 170)
    speech.synthesize.cache_clear()
    again = speech.synthesize("My baby may move.", "f1", 50, 150)
    assert first.audio.tobytes() == again.audio.tobytes()
    assert first.phonemes == again.phonemes
    start, end = first.voiced_s
    assert 0 <= start < end <= len(first.audio) / speech.RATE_HZ
    jaw = speech.MOUTH_ACTIONS.index("jawOpen")
    shut = [first.mouth(t)[jaw] for t, p in zip(first.starts_s, first.phonemes, strict=True) if p in ("m", "b")]
    open_ = [first.mouth(t + 0.06)[jaw] for t, p in zip(first.starts_s, first.phonemes, strict=True) if "aI" in p]
    assert max(shut) < min(open_)
    assert not first.mouth(-1).any()
    assert not first.mouth(end + 1).any()
    audio = speech.soundtrack([(1.0, first)], 0.5, 4.0)
    assert not audio[: speech.RATE_HZ // 2].any()
    assert np.abs(audio).max() > 1000


def test_every_phoneme_of_the_sentences_has_a_mouth_shape():
    for text in speech.SENTENCES["text"]:
        for phoneme in speech.synthesize(text, "m1", 50, 160).phonemes:
            assert speech.mouth_shape(phoneme).shape == (len(speech.MOUTH_ACTIONS),)
    with pytest.raises(KinesicsError, match="no mouth shape for the phoneme 'qq'"):
        speech.mouth_shape("qq")
