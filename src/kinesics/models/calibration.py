"""Choose decoding settings, Platt calibration and threshold on validation videos."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.calibration import ece
from kinesics.models.decoding import apply_calibration, best_threshold, fit_platt, is_hit
from kinesics.models.inference import events_without_boxes, scaled_sequences, suppress_overlaps
from kinesics.models.sequences import PersonSequence
from kinesics.models.temporal_model import Checkpoint, TemporalModel, build_network, settings_bytes, settings_of
from kinesics.signals.recording import Recording

ECE_BINS = 15  # as Guo et al. 2017, arXiv:1706.04599
#: Decoding settings that are chosen on validation recordings, for every model alike: the sigma of soft-NMS, and the seconds
#: over which the scores of frames are averaged before they are cut, where a model has it.
SEARCH = {"sigma": (0.2, 0.4, 0.8), "smooth_s": (0.0, 0.3, 0.6, 1.0)}


def calibrate(
    model: TemporalModel, checkpoint: Checkpoint, validation: Sequence[Recording], truth: list[pd.DataFrame]
) -> Checkpoint:
    """Return settings, calibration, threshold, and the calibration error before and after, from validation recordings.

    ``truth`` has one events table per annotator. Of the settings in SEARCH those with the highest mean average precision are
    taken.
    """
    settings, network = settings_of(checkpoint), build_network(model, checkpoint)
    labels, videos = settings["labels"], {recording.tracks.video for recording in validation}
    truth = [events[events["video"].isin(videos) & events["label"].isin(labels)] for events in truth]
    outputs = [
        (sequence, model.outputs(network, sequence))
        for recording in validation
        for sequence in scaled_sequences(checkpoint, recording)
    ]
    settings, predicted = _search_settings(model, outputs, settings, truth)
    matched = [is_hit(events, predicted) for events in truth]
    hits = np.concatenate([hit for _, hit in matched]).astype(float)
    scores = np.concatenate([events["score"] for events, _ in matched])
    groups = np.concatenate([events["label"].map(labels.index) for events, _ in matched]).astype(int)
    calibration = fit_platt(scores, hits, groups, len(labels))
    calibrated = apply_calibration(scores, groups, calibration)
    return {
        "settings": settings_bytes(settings),
        "calibration": calibration,
        "threshold": np.array([best_threshold(calibrated, hits, sum(map(len, truth)))]),
        "calibration_error": np.array([ece(part, hits, ECE_BINS) for part in (scores, calibrated)]),
    }


def _search_settings(
    model: TemporalModel, outputs: list[tuple[PersonSequence, Any]], settings: dict, truth: list[pd.DataFrame]
) -> tuple[dict, pd.DataFrame]:
    """Return the settings whose events have the highest mean average precision, the first of equal ones, and the events."""
    searched = {name: values for name, values in SEARCH.items() if name in settings}
    results = []
    for values in product(*searched.values()):
        candidate = settings | dict(zip(searched, values, strict=True))
        segments = [(sequence, suppress_overlaps(model, output, sequence, candidate)) for sequence, output in outputs]
        predicted = events_without_boxes(segments, settings["labels"])
        precision = [average_precision(events, predicted).to_numpy().mean() for events in truth if len(events)]
        results.append((np.mean(precision or [0]), candidate, predicted))
    _, settings, predicted = max(results, key=lambda result: result[0])
    return settings, predicted
