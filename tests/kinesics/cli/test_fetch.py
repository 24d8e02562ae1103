"""The command `fetch`: the sources are listed, an unknown one is refused."""

from kinesics.cli.main import main


def test_the_sources_are_listed(capsys):
    assert main(["fetch"]) == 0
    assert "WolfgangLanger_Pexels" in capsys.readouterr().out


def test_an_unknown_source_gives_one_line_and_leaves_nothing(refusal):
    assert "'magic' is not a source" in refusal(["fetch", "magic"])
