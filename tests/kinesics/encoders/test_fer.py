"""Facial expressions on the released weights: a man is neutral and then smiles."""

import numpy as np

from kinesics.encoders import fer
from kinesics.encoders.base import encoder_shape
from kinesics.encoders.extract import crop_square
from kinesics.encoders.loading import load_encoder
from kinesics.media import video


def test_the_table_and_the_module_agree():
    shape = encoder_shape("fer")
    assert (shape.input, shape.dim) == ((*fer.SIZE, 3), fer.DIM)


def test_a_neutral_face_and_then_a_smile_are_classified(source, clip):
    frames = [frame for _, _, frame in video.read_frames(clip("single_face"), 2)]
    box = np.array([0.345, 0.30, 0.585, 0.845])  # forehead to chin, by eye
    faces = np.stack([crop_square(frame, box, fer.ENCODER.margin, fer.SIZE) for frame in frames])
    probabilities = load_encoder("fer", source("fer"))(faces)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    likeliest = [fer.LABELS[k] for k in probabilities.argmax(1)]
    assert likeliest[0] == "neutral"
    assert likeliest[2] == "happy"
