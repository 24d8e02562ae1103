"""Small synthetic recordings with planted events for tests of detectors: tracks and features of the true shapes."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kinesics.encoders.fer import LABELS as EXPRESSIONS
from kinesics.models import fitting
from kinesics.models.optimization import initial_weights
from kinesics.models.temporal_model import Checkpoint, TemporalModel, to_checkpoint
from kinesics.signals.facemesh import BROW_INNER, CHEEK, CORNER, EDGE, EYE_INNER, EYE_OUTER, FOREHEAD, JAW, NOSE_BASE
from kinesics.signals.recording import Recording
from kinesics.structures.events import check_events
from kinesics.structures.features import CropFeatures, Features
from kinesics.structures.tracks import FACE_BOX, PERSON_BOX, TracksWriter, read_tracks

RATE, TOKEN_RATE, TOKEN = 10.0, 2.0, 12
#: The labels of the planted events. Disgust shows in the tokens only.
LABELS = ("disgust", "happy", "hand_to_face", "head_turn")


def mesh(yaw: float = 0.0, smile: float = 0.0) -> np.ndarray:
    """Return a face mesh in fractions of a 200 x 100 frame, turned by ``yaw`` degrees, corners of the mouth raised."""
    points = np.zeros((478, 3), np.float32)
    for pair, x, y, z in ((EDGE, 15, 0, 5), (EYE_OUTER, 8, -8, 0), (EYE_INNER, 3, -8, 0), (BROW_INNER, 3, -12, 0)):
        points[pair[0]], points[pair[1]] = (-x, y, z), (x, y, z)
    for pair, x, y in ((CHEEK, 9, 0), (JAW, 12, 12), (CORNER, 5, 10 - 3 * smile)):
        points[pair[0]], points[pair[1]] = (-x, y, 0), (x, y, 0)
    points[FOREHEAD], points[NOSE_BASE], points[152] = (0, -20, 0), (0, 4, -3), (0, 20, 0)
    turn = np.radians(yaw)
    rotated = points @ np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]], np.float32
    )
    return rotated / np.float32([200, 100, 200]) + np.float32([0.5, 0.4, 0])


def nothing(size: int) -> CropFeatures:
    """Return no rows of tokens of this size."""
    return CropFeatures(np.zeros(0), np.zeros(0, np.int32), np.zeros((0, size), np.float32))


def untrained(
    model: TemporalModel, recordings: list[Recording], truth: pd.DataFrame, width: int = 16, noise: float = 0.0
) -> Checkpoint:
    """Return the checkpoint that training would start from, where only shapes and bytes matter.

    With ``noise``, the deviation of numbers that are added to its weights, it also detects events, though arbitrary ones.
    """
    options = {"width": width} if "width" in model.options else {}
    settings, scaling, _ = fitting.prepare_training(model, recordings, [truth], **options)
    checkpoint = to_checkpoint(initial_weights(partial(model.make, settings), 0), scaling, settings)
    random = np.random.default_rng(1)
    return {
        name: value + noise * random.normal(size=value.shape).astype(np.float32)
        if name.startswith("network.")
        else value
        for name, value in sorted(checkpoint.items())
    }


def toy_recording(
    folder: Path, video: str, seed: int, seconds: float = 40, persons: int = 1
) -> tuple[Recording, pd.DataFrame]:
    """Return a recording without sound in which every label occurs a few times for each person, and its truth."""
    random = np.random.default_rng(seed)
    count, rows = round(seconds * RATE), []
    on = np.zeros((persons, len(LABELS), count), bool)
    for person in range(persons):
        for k, label in enumerate(LABELS):
            start = random.uniform(1, 4)
            while start < seconds - 4:
                length = random.uniform(1, 4)
                rows.append(
                    {"video": video, "person": person, "label": label, "start_s": start, "end_s": start + length}
                )
                on[person, k, round(start * RATE) : round((start + length) * RATE)] = True
                start += length + random.uniform(4, 9)
    path = folder / f"{video}.parquet"
    with TracksWriter(path, video, RATE, 200, 100) as writer:
        for frame in range(count):
            for person in range(persons):
                _, happy, hand, turn = on[person, :, frame]
                row = {"frame": frame, "time_s": frame / RATE, "person": person, "face_score": 0.9, "person_score": 0.9}
                row |= dict(zip(FACE_BOX, (0.4, 0.2, 0.6, 0.6), strict=True))
                row |= dict(zip(PERSON_BOX, (0.2, 0.1, 0.8, 1.0), strict=True))
                row["face"] = mesh(30.0 * turn, float(happy)) + random.normal(0, 3e-4, (478, 3)).astype(np.float32)
                if hand:
                    row["left_hand"] = np.float32([0.5, 0.45, 0]) + random.normal(0, 0.01, (21, 3)).astype(np.float32)
                writer.add(row)
        writer.close(seconds)
    times = np.repeat(np.arange(0, seconds, 1 / TOKEN_RATE), persons)
    people = np.tile(np.arange(persons), len(times) // persons)
    frame = np.round(times * RATE).astype(int)
    tokens = random.normal(0, 0.3, (2, len(times), TOKEN)).astype(np.float32)
    tokens[:, :, 0] += 3 * on[people, 0, frame]
    crops = {crop: CropFeatures(times, people, tokens[k]) for k, crop in enumerate(("face", "person"))}
    fer_times = np.repeat(np.arange(count) / RATE, persons)
    fer_people = np.tile(np.arange(persons), count)
    probability = np.full((len(fer_times), len(EXPRESSIONS)), 0.05, np.float32)
    happy = on[fer_people, 1, np.round(fer_times * RATE).astype(int)]
    probability[np.arange(len(happy)), np.where(happy, EXPRESSIONS.index("happy"), EXPRESSIONS.index("neutral"))] = 0.7
    features = {
        "fer": Features(video, "fer", RATE, {"face": CropFeatures(fer_times, fer_people, probability)}),
        "hear": Features(video, "hear", RATE, {"sound": nothing(6)}),
        "words": Features(video, "words", 1.0, {"text": nothing(7)}),
        "vit_s_focus": Features(video, "vit_s_focus", TOKEN_RATE, crops),
    }
    return Recording(read_tracks(path), features), check_events(pd.DataFrame(rows))
