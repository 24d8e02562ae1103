"""The check of the configuration: what each fault is answered with, and the types of values from the command line."""

from copy import deepcopy

import pytest
import yaml
from support import ROOT

from kinesics.errors import KinesicsError
from kinesics_paper.configuration import check_config

CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))


def changed(keys: str, value: object) -> dict:
    """Return the configuration with another value under keys joined by points."""
    config = deepcopy(CONFIG)
    *parents, last = keys.split(".")
    part = config
    for key in parents:
        part = part[key]
    part[last] = value
    return config


def test_the_configuration_stays_as_it_is():
    assert check_config(CONFIG, "config.yaml") == CONFIG


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        ("synthetic.learning_curve", 2.0, r"2.0 is not a list; wanted: a list of numbers of training videos"),
        ("synthetic.learning_curve", "two", r'"two" is not a list; wanted: a list of numbers of training videos'),
        ("synthetic.learning_curve", [2.0], r"0: 2.0 is not a whole number; wanted: a number of training videos"),
        ("synthetic.learning_curve", ["2.0"], r'0: "2.0" is not a whole number; wanted: a number of training videos'),
        ("synthetic.learning_curve", ["two"], r'0: "two" is not a whole number; wanted: a number of training videos'),
        ("synthetic.learning_curve", [True], r"0: true is not a whole number; wanted: a number of training videos"),
        ("synthetic.learning_curve", [0], r"0: 0 is less than the minimum of 1"),
        ("synthetic.learning_curve", [1, 1], r"\[1,1\] has non-unique elements"),
        ("synthetic.learning_curve", [1, 8], r"8 is not below 8, the number of training videos"),
        ("synthetic.train.videos", 8.0, r"8.0 is not a whole number; wanted: how many scripts"),
        (
            "synthetic.train.videos",
            1,
            r"1 is not below 1, the number of training videos .*, or \[\] if there is one video",
        ),
        ("synthetic.study_seeds", [7], r"7 is none of 0, 1, 2"),
        (
            "synthetic.detectors",
            CONFIG["synthetic"]["detectors"] | {"magic": [0]},
            r"'magic' is none of rules, envision",
        ),
        ("figures.detectors", ["hmm"], r"'hmm' is none of rules, linear"),
        ("rate_hz", "fast", r'"fast" is not a number; wanted: frames per second that are tracked'),
        ("rate_hz", "inf", r'"inf" is not a number'),
        ("clips", "franck", r'"franck" is not a list'),
        ("synthetic", None, r"null is not a mapping; wanted: the data set of synthetic videos"),
    ],
)
def test_a_fault_is_named_with_key_value_and_what_is_wanted(keys, value, message):
    where = "synthetic.learning_curve" if "not below" in message else keys
    with pytest.raises(KinesicsError, match=rf"^config\.yaml: {where}(: |\.){message}") as error:
        check_config(changed(keys, value), "config.yaml")
    assert "\n" not in str(error.value)


def test_numbers_that_arrive_as_text_are_numbers():
    assert check_config(changed("synthetic.learning_curve", ["1", "2", "4"]), "config.yaml") == CONFIG
    assert check_config(changed("rate_hz", "10"), "config.yaml") == CONFIG
    assert check_config(changed("synthetic.train.pace", "1.5"), "config.yaml") == CONFIG
    assert check_config(changed("detectors.budgeted", ["0", "1", "2"]), "config.yaml") == CONFIG
    assert check_config(changed("clips", ["1"]), "config.yaml")["clips"] == ["1"]


def test_one_training_video_has_no_learning_curve():
    config = changed("synthetic.learning_curve", [])
    config["synthetic"]["train"]["videos"] = 1
    assert check_config(config, "config.yaml") == config
