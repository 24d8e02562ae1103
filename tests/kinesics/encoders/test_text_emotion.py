"""Cosines of sentences with short texts of expressions: the nearest is right, and pauses are rows of their own."""

from kinesics.encoders import text_emotion, transcription
from kinesics.encoders.loading import load_encoder


def test_a_sentence_is_nearest_to_its_expression(source):
    """Sentences neither of the table nor of synthetic data."""
    nearest = {
        "The wedding was lovely and we laughed all night.": "happy",
        "My father died and I cannot stop crying.": "sad",
        "There are maggots in this rotten meat.": "disgust",
        "It makes me furious that they lied to us.": "anger",
        "Somebody is outside with a knife, hide!": "fear",
    }
    encode = load_encoder("text_emotion", source("minilm"))
    cosines = encode([*nearest, text_emotion.SILENCE])
    assert [text_emotion.LABELS[k] for k in cosines[:-1].argmax(1)] == list(nearest.values())
    assert (cosines[-1] == 0).all()


def test_a_pause_is_a_row_of_its_own(monkeypatch):
    transcript = [(0.5, 1.0, "One."), (1.0, 2.0, "Two."), (3.0, 4.0, "Three.")]
    monkeypatch.setattr(transcription, "transcribe", lambda *_: transcript)
    rows = list(text_emotion.ENCODER.utterances("v.mp4", "data/minilm/model.safetensors"))
    assert rows == [(0.5, "One."), (1.0, "Two."), (2.0, ""), (3.0, "Three."), (4.0, "")]
    monkeypatch.setattr(transcription, "transcribe", lambda *_: [])
    assert list(text_emotion.ENCODER.utterances("v.mp4", "data/minilm/model.safetensors")) == []
