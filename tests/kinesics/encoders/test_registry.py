"""The table of encoders: whole rows, names, and modules that fulfil the contract of their kind."""

import re
import subprocess
import sys

import pytest

from kinesics.encoders import registry
from kinesics.encoders.base import AudioEncoder, Encoder, TextEncoder, VisualEncoder, encoder_shape
from kinesics.encoders.extract import BOXES
from kinesics.errors import KinesicsError


@pytest.mark.parametrize("name", registry.ENCODERS)
def test_each_row_of_the_table_is_whole(name):
    row, shape, encoder = registry.ENCODERS[name], encoder_shape(name), registry.find_encoder(name)
    assert row["gated"] in ("yes", "no", "unknown")
    assert float(row["parameters"]) > 0
    assert shape.dim > 0
    assert callable(encoder.load)
    assert encoder.rate_hz > 0
    if shape.kind in ("clip", "sound"):
        assert encoder.span_s > 0
    if not registry.is_downloadable(name):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w./-]+)?", row["weights"])


@pytest.mark.parametrize("name", registry.ENCODERS)
def test_each_encoder_fulfils_the_contract_of_its_input(name):
    encoder, shape = registry.find_encoder(name), encoder_shape(name)
    assert isinstance(encoder, Encoder)
    assert isinstance(encoder, VisualEncoder) == registry.is_visual(name) == (shape.kind in ("image", "clip"))
    assert isinstance(encoder, TextEncoder) == (shape.kind == "text")
    if registry.is_visual(name):
        assert encoder.crops
        assert set(encoder.crops) <= set(BOXES)
        assert 0 <= encoder.margin < 1
    if shape.kind == "sound":
        assert isinstance(encoder, AudioEncoder)
        assert encoder.span_s * 16_000 == shape.input[0]


def test_the_table_is_read_without_the_networks():
    code = (
        "import sys; from kinesics.encoders import registry, weights; "
        "print({'numpy', 'torch', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_unknown_names_are_answered_with_similar_ones():
    with pytest.raises(KinesicsError, match=r"'clip' is not an encoder: .*'kinesics encoders' lists all"):
        registry.find_encoder("clip")
    with pytest.raises(KinesicsError, match="'dinov3_vits61' is not an encoder: did you mean dinov3_vits16 or"):
        registry.is_visual("dinov3_vits61")


def test_a_family_is_all_encoders_that_begin_with_a_name():
    assert registry.family("vjepa2") == ["vjepa2_vitl", "vjepa2_vith", "vjepa2_vitg"]
    assert registry.family("fer") == ["fer"]
    for name in ("magic", ""):
        with pytest.raises(KinesicsError, match=f"'{name}' is not an encoder"):
            registry.family(name)
