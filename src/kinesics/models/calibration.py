"""Choose decoding settings, Platt calibration and threshold on validation videos."""

from itertools import product

import numpy as np
import pandas as pd

from kinesics.metrics.average_precision import average_precision
from kinesics.metrics.calibration import ece
from kinesics.models.decoding import apply_calibration, best_threshold, fit_platt, is_hit
from kinesics.models.inference import events_without_boxes, scaled_sequences, suppress_overlaps
from kinesics.models.method import Checkpoint, TemporalModel, build_network, settings_bytes, settings_of
from kinesics.signals.recording import Recording

ECE_BINS = 15  # as Guo et al. 2017, arXiv:1706.04599


#: What is chosen on validation clips, for every method alike: the sigma of soft-NMS, and the seconds over which frames'
#: scores are averaged before they are cut, where a method has it.
SEARCH = {"sigma": (0.2, 0.4, 0.8), "smooth_s": (0.0, 0.3, 0.6, 1.0)}


def calibrate(
    method: TemporalModel, model: Checkpoint, validation: list[Recording], truth: list[pd.DataFrame]
) -> Checkpoint:
    """Return settings, calibration, threshold, and the calibration error on the validation clips before and after.

    Of the settings in SEARCH those are taken that give the highest mean average precision on the validation clips.
    """
    settings, network = settings_of(model), build_network(method, model)
    labels, videos = settings["labels"], {clip.tracks.video for clip in validation}
    known = [coder[coder["video"].isin(videos) & coder["label"].isin(labels)] for coder in truth]
    said = [
        (sequence, method.outputs(network, sequence))
        for clip in validation
        for sequence in scaled_sequences(model, clip)
    ]
    tried = []
    searched = {name: values for name, values in SEARCH.items() if name in settings}
    for values in product(*searched.values()):
        here = settings | dict(zip(searched, values, strict=True))
        events = events_without_boxes(
            [(sequence, suppress_overlaps(method, out, sequence, here)) for sequence, out in said], labels
        )
        tried.append(
            (
                np.mean([average_precision(coder, events).to_numpy().mean() for coder in known if len(coder)] or [0]),
                here,
                events,
            )
        )
    _, settings, events = max(tried, key=lambda row: row[0])
    parts = [is_hit(coder, events) for coder in known]
    hits = np.concatenate([hit for _, hit in parts]).astype(float)
    scores = np.concatenate([part["score"] for part, _ in parts])
    groups = np.concatenate([part["label"].map(labels.index) for part, _ in parts]).astype(int)
    learned = fit_platt(scores, hits, groups, len(labels))
    after = apply_calibration(scores, groups, learned)
    return {
        "settings": settings_bytes(settings),
        "calibration": learned,
        "threshold": np.array([best_threshold(after, hits, sum(map(len, known)))]),
        "calibration_error": np.array([ece(part, hits, ECE_BINS) for part in (scores, after)]),
    }
