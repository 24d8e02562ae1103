"""Sound and words: speech is told from a tone and from silence, sentences from each other, and no sound is no error."""

import numpy as np
import pytest
from scipy.signal import resample_poly
from support.clips import numbered, write_video

from kinesics.cli.main import main
from kinesics.encoders import audio_activity, base, sentence_embedding, text_emotion, transcription
from kinesics.encoders.extract import encode_sound
from kinesics.errors import KinesicsError
from kinesics.media.audio import SOUND_HZ
from kinesics.structures import features
from kinesics.synthetic.speech import RATE_HZ, synthesize


def test_speech_is_told_from_silence_and_a_tone(source, tmp_path):
    """Two seconds each of a line, of silence, and of 440 Hz, half of it as loud."""
    line = synthesize("I passed the exam with full marks!", "f1", 50, 150).audio / 32768
    line = resample_poly(line, SOUND_HZ, RATE_HZ)[: 2 * SOUND_HZ]
    wave = np.zeros(6 * SOUND_HZ)
    wave[: len(line)] = line
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(2 * SOUND_HZ) / SOUND_HZ)
    wave[4 * SOUND_HZ : 5 * SOUND_HZ] = tone[:SOUND_HZ]
    wave[5 * SOUND_HZ :] = tone[SOUND_HZ:] / 2
    film = write_video(tmp_path / "v.mp4", numbered(30) * 2, 10, audio=wave)
    encode_sound(film, "hear", source("silero-vad"), tmp_path / "f", progress=False)
    made = features.read_features(tmp_path / "f").crops["sound"]
    np.testing.assert_allclose(made.time_s, np.arange(60) / 10)
    said, still, rings, softer = (made.tokens[a:b] for a, b in ((2, 16), (23, 37), (43, 48), (53, 57)))
    assert said[:, 0].mean() > 0.8
    assert max(still[:, 0].max(), rings[:, 0].max(), softer[:, 0].max()) < 0.2
    assert (still[:, 1:] < -6).all()
    # A sine of amplitude a has the power a^2 / 2; half of it is 6 dB less.
    np.testing.assert_allclose(rings[:, 1], np.log10(0.2**2 / 2), atol=0.05)
    np.testing.assert_allclose(rings[:, 1].mean() - softer[:, 1].mean(), 2 * np.log10(2), atol=0.03)
    # It lies in the lowest band.
    np.testing.assert_allclose(rings[:, 2], rings[:, 1], atol=0.05)
    assert (rings[:, 3:] < rings[:, 2:3] - 2).all()


def test_bands_cover_what_is_heard_once():
    edges = audio_activity._hertz(
        np.linspace(
            audio_activity._mel(audio_activity.LOWEST_HZ), audio_activity._mel(SOUND_HZ / 2), audio_activity.BANDS + 1
        )
    )
    np.testing.assert_allclose(edges[[0, -1]], [audio_activity.LOWEST_HZ, SOUND_HZ / 2])
    assert audio_activity._mel(1000.0) == pytest.approx(1000, abs=1)
    assert (np.diff(edges, 2) > 0).all()  # wider where pitch is told less well


@pytest.mark.parametrize("encoder", ["hear", "words"])
def test_a_video_without_sound_says_nothing_and_is_no_error(encoder, source, tmp_path, capsys):
    names = base.required_downloads(encoder)
    data = source(names[0]).parent.parent
    film = write_video(tmp_path / "silent.mp4", numbered(10))
    out = tmp_path / "f.safetensors"
    assert main(["encode", str(film), "--encoder", encoder, "--data", str(data), "--out", str(out)]) == 0
    assert f"silent.mp4: has no sound: {encoder} has no features" in capsys.readouterr().out
    (values,) = features.read_features(out).crops.values()
    assert values.tokens.shape == (0, base.encoder_shape(encoder).dim)


def test_another_file_is_not_the_network(tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(KinesicsError, match=r"other\.onnx: not Silero VAD"):
        base.load_encoder("hear", tmp_path / "other.onnx")
    with pytest.raises(KinesicsError, match=r"not a file; get the weights of hear with: kinesics fetch silero-vad"):
        base.load_encoder("hear", tmp_path)


def test_the_recogniser_lies_beside_the_texts_network_given_as_a_file_or_a_folder(tmp_path):
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm/model.safetensors").touch()
    for given in (tmp_path / "minilm", tmp_path / "minilm/model.safetensors"):
        assert sentence_embedding.beside(given) == (tmp_path / transcription.SPEECH_MODEL).resolve()


def test_a_sentence_is_nearest_to_its_expression(source):
    """Sentences of neither the table nor the stage."""
    nearest = {
        "The wedding was lovely and we laughed all night.": "happy",
        "My father died and I cannot stop crying.": "sad",
        "There are maggots in this rotten meat.": "disgust",
        "It makes me furious that they lied to us.": "anger",
        "Somebody is outside with a knife, hide!": "fear",
    }
    ask = base.load_encoder("words", source("minilm"))
    cosines = ask([*nearest, text_emotion.SILENCE])
    assert [text_emotion.LABELS[k] for k in cosines[:-1].argmax(1)] == list(nearest.values())
    assert (cosines[-1] == 0).all()


def test_a_pause_is_a_row_of_its_own(monkeypatch):
    heard = [(0.5, 1.0, "One."), (1.0, 2.0, "Two."), (3.0, 4.0, "Three.")]
    monkeypatch.setattr(transcription, "transcribe", lambda *_: heard)
    rows = list(text_emotion.sentences("v.mp4", "data/minilm/model.safetensors"))
    assert rows == [(0.5, "One."), (1.0, "Two."), (2.0, ""), (3.0, "Three."), (4.0, "")]
    monkeypatch.setattr(transcription, "transcribe", lambda *_: [])
    assert list(text_emotion.sentences("v.mp4", "data/minilm/model.safetensors")) == []
