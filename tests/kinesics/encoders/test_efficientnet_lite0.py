"""EfficientNet-Lite0 on the released weights: the classes of photographs."""

import torch

from kinesics.encoders import efficientnet_lite0
from kinesics.encoders.base import encoder_shape
from kinesics.encoders.loading import load_encoder


def test_the_table_and_the_module_agree():
    shape = encoder_shape("efficientnet_lite0")
    assert (shape.input, shape.dim) == ((*efficientnet_lite0.SIZE, 3), efficientnet_lite0.DIM)


def test_the_features_of_photographs_give_their_classes(source, photos):
    state = torch.load(source("efficientnet-lite0"), weights_only=True)
    assert set(state) == set(efficientnet_lite0.EfficientNetLite0().state_dict())
    features = torch.from_numpy(load_encoder("efficientnet_lite0", source("efficientnet-lite0"))(photos))
    classes = (features @ state["_fc.weight"].T + state["_fc.bias"]).argmax(1)
    assert classes.tolist() == [652, 698, 985]  # military uniform, palace, daisy
