"""Train a temporal model on annotated recordings."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.models.augmentation import training_windows
from kinesics.models.calibration import calibrate
from kinesics.models.optimization import train
from kinesics.models.sequences import (
    PersonSequence,
    Scaling,
    annotated_segments,
    fit_scaling,
    labels_of,
    person_sequences,
)
from kinesics.models.temporal_model import ENCODER, Checkpoint, TemporalModel, to_checkpoint
from kinesics.signals.recording import Recording

DIRECTIONS = 48  # principal axes of the tokens: more are noise with a few thousand crops
BATCH = 2  # windows: as accurate on validation videos as four, at half of the cost a step


def default_options(model: TemporalModel) -> dict[str, float]:
    """Return the training options of a model with their defaults."""
    training = {"steps": model.steps, "rate": model.rate, "decay": model.decay}
    return training | {"batch": BATCH, "directions": DIRECTIONS} | model.options


def fit_model(
    model: TemporalModel,
    recordings: list[Recording],
    truth: list[pd.DataFrame],
    seed: int,
    validation: Sequence[Recording] = (),
    **options: float,
) -> Checkpoint:
    """Return the network's weights, the scaling of its inputs, and calibration and threshold if there is validation.

    ``truth`` has one events table per annotator, each of which gives training windows of its own. ``options`` replace the
    model's.
    """
    settings, scaling, sequences = prepare_training(model, recordings, truth, **options)
    network, curve = train(
        partial(model.make, settings),
        model.loss,
        training_windows(model, [scaling.apply(sequence) for sequence in sequences], truth, settings["labels"]),
        steps=int(settings["steps"]),
        batch=int(settings["batch"]),
        rate=settings["rate"],
        decay=settings["decay"],
        seed=seed,
    )
    checkpoint = to_checkpoint(network, scaling, settings) | {"curve": curve}
    return checkpoint | (calibrate(model, checkpoint, validation, truth) if validation else {})


def prepare_training(
    model: TemporalModel, recordings: list[Recording], truth: list[pd.DataFrame], **options: float
) -> tuple[dict, Scaling, list[PersonSequence]]:
    """Return the settings, the scaling, and the unscaled sequences of training recordings.

    Raises KinesicsError if there is nothing to learn, the tracks have several rates, or an option is unknown.
    """
    labels = labels_of(truth, {recording.tracks.video for recording in recordings})
    if not labels:
        raise KinesicsError("no event of the truth lies in a training video: there is nothing to learn")
    sequences = [sequence for recording in recordings for sequence in person_sequences(recording, ENCODER)]
    if not sequences:
        raise KinesicsError("there is nothing to learn from: no person is in the training videos")
    if not any(len(annotated_segments(sequence, events, labels)) for sequence in sequences for events in truth):
        raise KinesicsError("no event of the truth is of a person in the training tracks: are persons numbered alike?")
    rates = sorted({sequence.rate_hz for sequence in sequences})
    if len(rates) != 1:
        raise KinesicsError(f"training tracks have several rates, {rates} Hz: track all videos at one")
    defaults = default_options(model)
    if unknown := [name for name in options if name not in defaults]:
        raise KinesicsError(f"{unknown[0]!r} is not an option of {model.name}. Its options are {', '.join(defaults)}.")
    options = defaults | options
    scaling = fit_scaling(sequences, int(options["directions"]))
    inputs = {
        "descriptor": len(scaling.descriptor_mean),
        "token": scaling.token_axes.shape[2],
        "audio": sequences[0].layout.audio,
    }
    return options | inputs | {"labels": labels, "rate_hz": rates[0]}, scaling, sequences
