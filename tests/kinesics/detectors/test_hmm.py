"""The hidden Markov model against sums over all paths."""

import numpy as np
import pytest

from kinesics.detectors import hmm


def test_posteriors_by_hand():
    # enter 0.2, leave 0.4, share 0.5; two frames of evidence 3:1 for on, then 1:1
    transitions = np.array([[0.2, 0.4, 0.5]])
    on = hmm.posterior(np.array([[0.75], [0.5]]), transitions)
    joint = {
        (a, b): 0.5 * (1.5 if a else 0.5) * ((0.6 if b else 0.4) if a else (0.2 if b else 0.8))
        for a in (0, 1)
        for b in (0, 1)
    }
    total = sum(joint.values())
    assert on[:, 0] == pytest.approx([(joint[1, 0] + joint[1, 1]) / total, (joint[0, 1] + joint[1, 1]) / total])
