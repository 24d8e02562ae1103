"""Dispatch and exit codes of the command line."""

import pytest

from kinesics.cli.main import main
from kinesics.cli.options import in_digits, time


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--rate", "0"], "0 is not a rate between 0.1 and 1000 Hz"),
        (["--rate", "nan"], "nan is not a rate between 0.1 and 1000 Hz"),
        (["--people", "many"], "many is not a whole number from 1 to 100"),
        (["--people", "0"], "0 is not a whole number from 1 to 100"),
        (["--seed", "-1"], "-1 is not a seed: a whole number from 0"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(capsys, option, message):
    with pytest.raises(SystemExit, match="2"):
        main(["detect", "video.mp4", *option, "--out", "e.csv"])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["annotate", "detect"])
def test_help_tells_which_detectors_have_to_be_trained(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "rules, envision, ranked; trained ones, with --model: probe," in " ".join(capsys.readouterr().out.split())


def test_without_a_command_the_help_is_printed(capsys):
    assert main([]) == 0
    printed = capsys.readouterr()
    assert "annotate" in printed.out
    assert printed.err == ""


def test_words_that_follow_an_option_of_one_word_are_explained(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["annotate", "talk.mp4", "--labels", "happy", "speaking", "--out", "results"])
    assert "unrecognized arguments: speaking; a list of labels is separated by commas" in capsys.readouterr().err


@pytest.mark.parametrize("time_s", [0.0, 1e-05, 0.1, 5400.25, 123456.0])
def test_times_are_passed_to_other_processes_as_they_are_read(time_s):
    assert time(in_digits(time_s)) == time_s
