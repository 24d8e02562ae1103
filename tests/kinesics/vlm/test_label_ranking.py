"""Ranked labels: the content of requests, the parsing of answers, and the table that is written."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chat_server import LABELS, UTTERANCES, ranking, request_images, request_texts
from support.clips import number, numbered, write_video

from kinesics.errors import KinesicsError
from kinesics.vlm.label_ranking import (
    Item,
    list_items,
    load_images,
    parse_rankings,
    rank_labels,
    read_utterances,
    spoken_text,
)


@pytest.mark.parametrize(
    "text",
    [
        "{'name': 'image-1', 'result': ['happy', 'sad']}\n{'name': 'image-2', 'result': ['anger']}",
        '```json\n[{"name": "image-1", "result": ["happy", "sad"]},\n {"name": "image-2", "result": ["anger"],},]\n```',
        '{"image-1": ["happy", "sad"], "image-2": ["anger"]}',
        "{'name': 'image-2', 'result': ['anger']}, {'name': 'image-1', 'result': ['happy', 'sad']}",
        "<think>[maybe]</think>{name: image-1, result: [happy, sad]} {name: image-2, result: [anger]} I hope",
        "{'name': 'video1', 'result': 'happy, sad'}{'name': 'video2', 'result': 'anger'}",
    ],
)
def test_rankings_are_parsed_in_any_format(text):
    assert parse_rankings(text, 2) == [["happy", "sad"], ["anger"]]


@pytest.mark.parametrize("text", ["", "I am sorry.", "{'result': ['happy']}", "[[]] []", "{'result': ['a']}" * 3])
def test_an_answer_without_a_list_for_each_item_is_malformed(text):
    assert parse_rankings(text, 2) is None


@given(st.text(alphabet="[]{}'\",:n 12.label startend\n", max_size=200))
def test_no_text_breaks_the_parser(text):
    assert parse_rankings(text, 1) is None or len(parse_rankings(text, 1)) == 1


def test_clips_are_the_first_frame_of_each_third(film):
    assert [number(frame) for frame in load_images(list_items(film)[0], 3)] == [0, 8, 16]
    assert [number(frame) for frame in load_images(list_items(film, window_s=1.0)[1], 2)] == [10, 15]
    requests = []

    def answer(messages):
        requests.append(messages)
        return "{'name': 'video1', 'result': ['SAD', 'bored']}, {'name': 'video2', 'result': ['happy']}"

    table = rank_labels(list_items(film, window_s=1.2), LABELS, answer, progress=False, seed=1)
    (messages,) = requests
    texts = request_texts(messages)
    assert "2 videos, each with 3 temporally uniformly sampled frames" in texts[0]
    assert "['happy', 'sad', 'anger']" in texts[0]
    assert texts[1:] == [f"video{v}_image{k}" for v in (1, 2) for k in (1, 2, 3)]
    frames = [number(frame) for frame in request_images(messages)]
    first = 0 if frames[0] == 0 else 1  # the seed decides which window comes first
    assert frames == ([0, 4, 8, 12, 16, 20] if not first else [12, 16, 20, 0, 4, 8])
    assert table["answers"].tolist() == (["sad,bored", "happy"] if not first else ["happy", "sad,bored"])
    assert table["start_s"].tolist() == [0.0, 1.2]


@pytest.mark.parametrize("prompt", ["multi", "text"])
def test_utterances_precede_the_frames_or_stand_alone(film, utterances, prompt):
    content = []

    def answer(messages):
        content.extend(messages[0]["content"])
        return ranking(3)

    items = list_items(film, window_s=0.8)
    table = rank_labels(items, LABELS, answer, prompt=prompt, utterances=utterances, frames=2, seed=1, progress=False)
    assert table["answers"].tolist() == ["happy,sad,anger"] * 3
    question, *parts = content
    assert "3 videos, each with the speaker's content" in question["text"] or "We provide 3 texts" in question["text"]
    spoken = [part["text"] for part in parts if part["type"] == "text" and not part["text"].startswith("video")]
    assert sorted(spoken) == ["I never said that.", "Look!", "Look! I never said that."]
    order = ["text", "text", "image_url", "text", "image_url"] if prompt == "multi" else ["text"]
    assert [part["type"] for part in parts] == order * 3


def test_the_text_of_a_window_without_an_utterance_marks_the_silence(film, utterances):
    texts = [spoken_text(utterances, item) for item in list_items(film, window_s=0.2)]
    assert texts[:2] == ["(nothing is said)", "Look!"]


@pytest.mark.parametrize(
    ("text", "prompt", "message"),
    [
        (UTTERANCES, "video", "the prompt video shows no utterances"),
        (None, "text", "the prompt text shows utterances: give them with --words"),
        (
            "video,start_s,end_s,text\nother,0,1,Hm.\n",
            None,
            "utterances: the utterances are of other videos, such as 'other'",
        ),
        ("video,start_s,end_s,text\n", None, "the table of utterances is empty"),
        ("video,start_s,end_s,text\nfilm,1,1,Hm.\n", None, "line 2: end_s is not after start_s"),
        ("video,start_s,end_s,text\nfilm,0,x,Hm.\n", None, "line 2: column 'end_s': 'x' is not a time in seconds"),
        ("video,start_s,text\nfilm,0,Hm.\n", None, "column 'end_s' is missing"),
    ],
)
def test_utterances_that_cannot_be_used_are_refused(tmp_path, text, prompt, message):
    film = write_video(tmp_path / "film.mp4", numbered(4))
    path = tmp_path / "words.csv"
    path.write_text(text or "")
    with pytest.raises(KinesicsError, match=message):
        utterances = read_utterances(path) if text else None
        rank_labels(list_items(film), LABELS, lambda _: "", prompt=prompt, utterances=utterances, progress=False)


def test_the_order_is_shuffled_and_the_table_is_not(images):
    greys = []

    def answer(messages):
        levels = [round(float(image.mean()) / 40) for image in request_images(messages)]
        greys.extend(levels)
        return "\n".join(f"{{'result': ['grey{level}']}}" for level in levels)

    table = rank_labels([Item(path, 0, 0) for path in images], LABELS, answer, batch=2, progress=False)
    assert sorted(greys) == [0, 1, 2, 3]
    assert greys != [0, 1, 2, 3]
    assert table["video"].tolist() == [f"face{k}" for k in range(4)]
    assert table["answers"].tolist() == [f"grey{k}" for k in range(4)]


@pytest.mark.parametrize(
    ("labels", "prompt", "message"),
    [
        (["happy", "Happy"], None, "twice"),
        (["happy, sad"], None, "comma"),
        (LABELS, "video", "'video' is not a prompt for images. Those are face, micro, evoked"),
    ],
)
def test_labels_and_prompts_that_cannot_be_are_refused(images, labels, prompt, message):
    with pytest.raises(KinesicsError, match=message):
        rank_labels(list_items(images[0]), labels, lambda _: "", prompt=prompt, progress=False)


def test_two_files_of_one_name_are_refused(tmp_path, images):
    (tmp_path / "other").mkdir()
    twin = Path(shutil.copy(images[0], tmp_path / "other"))
    with pytest.raises(KinesicsError, match=r"other/face0\.png and .*face0\.png: answers go by name"):
        rank_labels([*list_items(images[0]), *list_items(twin)], LABELS, lambda _: "", progress=False)


def test_a_damaged_image_is_named(images):
    images[0].write_bytes(images[0].read_bytes()[:60])
    with pytest.raises(KinesicsError, match=r"face0\.png: not an image, or damaged"):
        rank_labels(list_items(images[0]), LABELS, lambda _: "", progress=False)


def test_images_and_videos_do_not_mix(tmp_path, images):
    film = write_video(tmp_path / "film.mp4", numbered(4))
    with pytest.raises(KinesicsError, match="one kind at a time"):
        rank_labels([*list_items(film), *list_items(images[0])], LABELS, lambda _: "", progress=False)
