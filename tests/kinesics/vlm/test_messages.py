"""Messages: images as data URLs, the order of text and images, and the same bytes each time."""

import numpy as np
import pytest

from kinesics.vlm.messages import data_url, decode_image, make_messages, message_text, strip_reasoning, unpack_messages

GREY = np.full((40, 30, 3), 120, np.uint8)


def test_a_data_url_holds_the_image_and_repeats():
    url = data_url(GREY)
    assert url.startswith("data:image/jpeg;base64,")
    assert url == data_url(GREY.copy())
    assert np.abs(decode_image(url).astype(int) - GREY).max() <= 2


@pytest.mark.parametrize(("size", "shape"), [(None, (40, 30, 3)), (64, (40, 30, 3)), (20, (20, 15, 3))])
def test_images_are_shrunk_to_their_longer_side_and_never_enlarged(size, shape):
    assert decode_image(data_url(GREY, size)).shape == shape


def test_names_precede_their_images():
    messages = make_messages("Rank.", [("a text", None), ("image-1", data_url(GREY))], "low")
    (message,) = messages
    assert [part["type"] for part in message["content"]] == ["text", "text", "text", "image_url"]
    assert message["content"][3]["image_url"]["detail"] == "low"
    assert message_text(messages) == "Rank.\na text\nimage-1"
    text, ((name, image),) = unpack_messages(messages)
    assert (text, name, image.shape) == ("Rank.\na text", "image-1", GREY.shape)


def test_reasoning_before_an_answer_is_removed():
    assert strip_reasoning("<think>[1]\n[2]</think>[]") == "[]"
