"""Train a temporal model on annotated recordings."""

from functools import partial

import pandas as pd

from kinesics.errors import KinesicsError
from kinesics.models.augmentation import training_windows
from kinesics.models.calibration import calibrate
from kinesics.models.method import ENCODER, Checkpoint, TemporalModel, to_checkpoint
from kinesics.models.optimization import train
from kinesics.models.sequences import (
    PersonSequence,
    Scaling,
    annotated_segments,
    fit_scaling,
    labels_of,
    person_sequences,
)
from kinesics.signals.recording import Recording

DIRECTIONS = 48  # principal axes of the tokens: more are noise with a few thousand crops


BATCH = 2  # windows: as accurate on validation videos as four, at half of the cost a step


def default_options(method: TemporalModel) -> dict[str, float]:
    """Return the training options of a model with their defaults."""
    training = {"steps": method.steps, "rate": method.rate, "decay": method.decay}
    return training | {"batch": BATCH, "directions": DIRECTIONS} | method.options


def fit_model(
    method: TemporalModel,
    clips: list[Recording],
    truth: list[pd.DataFrame],
    seed: int,
    validation: list[Recording] = (),
    **options: float,
) -> Checkpoint:
    """Return the network's weights, the scaling of its inputs, and calibration and threshold if there is validation.

    ``truth`` is a table a coder: each is an example of its own. ``options`` replace the method's.
    """
    settings, scale, found = prepare_training(method, clips, truth, **options)
    network, curve = train(
        partial(method.make, settings),
        method.loss,
        training_windows(method, [scale.apply(one) for one in found], truth, settings["labels"]),
        steps=int(settings["steps"]),
        batch=int(settings["batch"]),
        rate=settings["rate"],
        decay=settings["decay"],
        seed=seed,
    )
    model = to_checkpoint(network, scale, settings) | {"curve": curve}
    return model | (calibrate(method, model, validation, truth) if validation else {})


def prepare_training(
    method: TemporalModel, clips: list[Recording], truth: list[pd.DataFrame], **options: float
) -> tuple[dict, Scaling, list[PersonSequence]]:
    """Return the settings, the scaling, and the sequences as they come from the clips.

    Raises KinesicsError if there is nothing to learn, or the tracks have several rates.
    """
    labels = labels_of(truth, {clip.tracks.video for clip in clips})
    if not labels:
        raise KinesicsError("no event of the truth lies in a training video: there is nothing to learn")
    found = [one for clip in clips for one in person_sequences(clip, ENCODER)]
    if not found:
        raise KinesicsError("there is nothing to learn from: no person is in the training videos")
    if not any(len(annotated_segments(one, coder, labels)) for one in found for coder in truth):
        raise KinesicsError("no event of the truth is of a person in the training tracks: are persons numbered alike?")
    rates = sorted({one.rate_hz for one in found})
    if len(rates) != 1:
        raise KinesicsError(f"training tracks have several rates, {rates} Hz: track all videos at one")
    usual = default_options(method)
    if unknown := [name for name in options if name not in usual]:
        raise KinesicsError(f"{unknown[0]!r} is not an option of {method.name}. Its options are {', '.join(usual)}.")
    options = usual | options
    scale = fit_scaling(found, int(options["directions"]))
    inputs = {
        "descriptor": len(scale.descriptor_mean),
        "token": scale.token_axes.shape[2],
        "audio": found[0].layout.audio,
    }
    return options | inputs | {"labels": labels, "rate_hz": rates[0]}, scale, found
