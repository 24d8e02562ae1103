"""Measures of classification, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, recall_score
from sklearn.metrics import f1_score as sklearn_f1
from support.event_tables import events

from kinesics.metrics.classification import label_predictions, uar, war, weighted_f1
from kinesics.metrics.scoring import score


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_classification_equals_sklearn(pairs):
    true, output = np.array(pairs).T
    correct, support, answered = (np.bincount(of, minlength=4) for of in (true[true == output], true, output))
    assert war(correct, support) == pytest.approx(accuracy_score(true, output))
    assert weighted_f1(correct, support, answered) == pytest.approx(
        sklearn_f1(true, output, average="weighted", zero_division=0)
    )
    expected = recall_score(true, output, labels=sorted(set(true)), average="macro", zero_division=0)
    assert uar(correct, support) == pytest.approx(expected)


def test_the_label_of_a_true_event_is_that_of_the_nearest_prediction():
    truth = events(("v", 0, "x", 0, 4, 1), ("v", 0, "y", 10, 14, 1), ("v", 0, "z", 20, 24, 1))
    predicted = events(("v", 0, "y", 0, 4, 0.1), ("v", 0, "x", 0, 3, 0.9), ("v", 0, "y", 10, 14, 0.5))
    assert [predicted["label"][k] if k >= 0 else None for k in label_predictions(truth, predicted)] == ["y", "y", None]
    metrics = score(truth, predicted, resamples=0)["metrics"]
    assert metrics["war"]["value"] == metrics["uar"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert metrics["weighted_f1"]["value"] == pytest.approx(2 / 3 / 3, abs=1e-6)
