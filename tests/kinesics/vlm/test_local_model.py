"""VideoLLaMA 3 on this machine: the same requests as to an endpoint."""

import numpy as np
import pytest
from support.chat_server import LABELS, request_images
from support.foundation import save, save_tokeniser

from kinesics.encoders.videollama3 import answerer
from kinesics.errors import KinesicsError
from kinesics.vlm.event_prompting import prompt_events
from kinesics.vlm.label_ranking import list_items, rank_labels
from kinesics.vlm.local_model import open_videollama3


def test_answers_are_those_of_a_direct_call(tmp_path, film, utterances):
    """With the frames, their times and the text of the request."""
    weights = save("videollama3", tmp_path / "weights")
    save_tokeniser(weights)
    model, queries = open_videollama3(weights, tmp_path / "kept", max_tokens=8), []

    def answer(messages):
        queries.append((request_images(messages), messages[0]["content"][0]["text"], model(messages)))
        return queries[-1][2]

    _, windows = prompt_events(film, ["happy"], answer, window_s=1.2, step_s=1.2, attempts=(1,), progress=False)
    assert windows["outcome"].tolist() == ["malformed"] * 2  # the weights are random
    rank_labels(list_items(film), LABELS, answer, batch=1, attempts=(1,), progress=False)
    rank_labels(list_items(film), LABELS, answer, utterances=utterances, batch=1, attempts=(1,), progress=False)
    direct = answerer(weights, 8)
    spoken = ["", "", "", "\nLook! I never said that."]
    for (frames, question, text), times_s, utterance in zip(
        queries, [[0, 0.5, 1], [0.3, 0.8], [0, 1, 2], [0, 1, 2]], spoken, strict=True
    ):
        assert text == direct(np.stack(frames), times_s, question + utterance)
    assert (model.sent, model.cached) == (4, 0)
    again = open_videollama3(weights, tmp_path / "kept", max_tokens=8)
    prompt_events(film, ["happy"], again, window_s=1.2, step_s=1.2, attempts=(1,), progress=False)
    assert (again.sent, again.cached) == (0, 2)


def test_the_proposed_command_quotes_a_folder_with_blanks(tmp_path):
    folder = tmp_path / "my weights"
    folder.mkdir()
    with pytest.raises(KinesicsError, match=r"holds no weights; run: hf download \S+ --local-dir '.*/my weights'$"):
        open_videollama3(folder, tmp_path / "kept")
