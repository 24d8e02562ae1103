"""The proposal: the same outputs in any window, switches that remove inputs, uncertainty without tokens."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest
from support.networks import SETTINGS, random_sequence, with_large_weights
from support.toy import toy_recording, untrained

from kinesics.detectors import budgeted
from kinesics.models.optimization import initial_weights
from kinesics.signals.descriptor import AUDIO_COLUMNS


def make(**switches: int):
    return with_large_weights(initial_weights(partial(budgeted.make, SETTINGS | switches), 0))


def test_outputs_are_the_same_in_any_window():
    network, sequence = make(), random_sequence()
    whole, narrow = (budgeted.outputs(network, sequence, core) for core in (704, 64))
    np.testing.assert_allclose(narrow[0], whole[0], atol=2e-5)
    order = [np.lexsort(np.round(segments[:, :3], 2).T) for _, segments in (whole, narrow)]
    np.testing.assert_allclose(narrow[1][order[1]], whole[1][order[0]], atol=2e-3)
    assert len(whole[1]) > 100


def test_audio_can_be_switched_off():
    sequence, changed = random_sequence(), []
    for columns in AUDIO_COLUMNS.values():
        changed.append(replace(sequence, descriptor=sequence.descriptor.copy()))
        changed[-1].descriptor[:, columns] += 1
    for switch in (0, 1):
        network = make(**{f"use_{kind}": switch for kind in AUDIO_COLUMNS})
        outputs, *others = (budgeted.outputs(network, one)[0] for one in (sequence, *changed))
        assert [np.array_equal(outputs, other) for other in others] == [not switch] * len(AUDIO_COLUMNS)


def test_random_budgets_keep_none_all_or_a_share_of_the_observed_tokens():
    observed = (np.random.default_rng(0).random((400, 84, 2)) < 0.5).astype(np.float32)
    motion = np.random.default_rng(1).random((400, 84)).astype(np.float32)
    kept = np.asarray(budgeted.random_budget(observed, motion, jax.random.key(0)))
    assert (kept <= observed).all()
    share = kept.sum((1, 2)) / observed.sum((1, 2))
    assert (share == 0).mean() == pytest.approx(0.1, abs=0.1)
    assert (share == 1).mean() == pytest.approx(0.3, abs=0.1)
    assert ((share > 0) & (share < 1)).mean() > 0.4


def test_uncertainty_ignores_tokens(tmp_path):
    recording, truth = toy_recording(tmp_path, "v", 0, 20)
    checkpoint = untrained(budgeted.MODEL, [recording], truth, noise=0.5)
    utility = budgeted.DETECTOR.uncertainty(checkpoint, recording)
    assert set(utility) == {(0, "face"), (0, "person")}
    assert all(values.shape == (200,) for values in utility.values())
    without = replace(recording, features={"fer": recording.features["fer"]})
    for key, values in budgeted.DETECTOR.uncertainty(checkpoint, without).items():
        np.testing.assert_array_equal(values, utility[key])


def test_uncertainty_is_positive_where_the_person_is_visible(tmp_path):
    recording, truth = toy_recording(tmp_path, "v", 0, 20)
    checkpoint = untrained(budgeted.MODEL, [recording], truth, noise=0.5)
    assert all((values > 0).all() for values in budgeted.DETECTOR.uncertainty(checkpoint, recording).values())
