"""The registry names modules that fulfil the contract."""

import pytest

from kinesics.detectors import registry
from kinesics.detectors.base import Budgeted, Temporal, Trainable
from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError


def test_the_registry_names_modules_with_the_contract():
    for name in registry.DETECTORS:
        detector = registry.find_detector(name)
        assert set(detector.labels)
        assert callable(detector.detect)
        assert isinstance(detector, Trainable) == registry.is_trained(name)
        assert set(registry.required_encoders(name)) <= set(ENCODERS)
    with pytest.raises(KinesicsError, match=r"'magic' is not a detector. The detectors are rules, envision, probe"):
        registry.find_detector("magic")


def test_detectors_with_options_are_temporal_and_the_proposal_is_budgeted():
    temporal = {name for name in registry.DETECTORS if isinstance(registry.find_detector(name), Temporal)}
    assert temporal == {"linear", "hmm", "attentive", "windows", "mstcn", "actionformer", "budgeted"}
    for name in temporal:
        detector = registry.find_detector(name)
        assert detector.name == name
        assert {"steps", "batch", "rate", "decay", "directions", "sigma"} <= set(detector.options)
        assert isinstance(detector, Budgeted) == (name == "budgeted")
