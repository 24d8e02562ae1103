"""The command `encoders`: every encoder on one line, one in full, unknown names refused."""

from kinesics.cli.main import main
from kinesics.encoders.registry import ENCODERS


def test_every_encoder_is_listed(tmp_path, capsys):
    assert main(["encoders", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in ENCODERS:
        assert any(line.split()[:1] == [name] for line in lines), name


def test_one_encoder_is_printed_in_full(tmp_path, capsys):
    assert main(["encoders", "fer", "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "fer" in printed
    assert "vit_s_focus" not in printed


def test_an_unknown_encoder_gives_one_line(refusal):
    assert "'magic' is not an encoder" in refusal(["encoders", "magic"])
