"""Prompted events: the windows of requests, the parsing of answers, and the merging into events."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chat_server import request_images, request_texts
from support.clips import number
from support.person_tracks import write_tracks

from kinesics.vlm.event_prompting import PredictedEvent, merge_events, parse_events, prompt_events


@pytest.mark.parametrize(
    "text",
    [
        '[{"label": "happy", "start": 1.5, "end": 3, "score": 0.7}]',
        "Here: ```json\n[{'label': 'happy', 'start': '1.5 s', 'end': 3.0, 'score': .7},\n{'label': 'sad', 'st",
        '{"events": [{"label": "happy", "start_s": 1.5, "end_s": 3, "score": 0.7}]}',
    ],
)
def test_events_are_parsed_in_any_format(text):
    assert parse_events(text) == [PredictedEvent("happy", 1.5, 3.0, 0.7)]


def test_no_event_is_an_answer_and_no_list_is_malformed():
    assert parse_events("[]") == []
    for text in ("none", '[{"label": "happy", "from": 1}]', '[{"label": "happy", "start": "soon", "end": 3}]'):
        assert parse_events(text) is None


@given(st.text(alphabet="[]{}'\",:n 12.label startend\n", max_size=200))
def test_no_text_breaks_the_parser(text):
    assert parse_events(text) is None or all(isinstance(event, PredictedEvent) for event in parse_events(text))


def test_windows_have_the_times_of_their_frames_and_events_are_merged(film):
    requests = []

    def answer(messages):
        """Return an event from frame 8 to 15, in seconds of the window, and one of a label that was not queried."""
        requests.append(messages)
        frames = [number(frame) for frame in request_images(messages)]
        start, end = (8 - frames[0]) / 10, (15 - frames[0]) / 10
        return json.dumps(
            [{"label": "Happy", "start": start, "end": end, "score": 0.8}, {"label": "bored", "start": 0, "end": 1}]
        )

    events, windows = prompt_events(film, ["happy", "sad"], answer, window_s=1.0, step_s=0.5, rate_hz=5, progress=False)
    texts = [request_texts(messages) for messages in requests]
    assert texts[1][1:] == ["0.1 s", "0.3 s", "0.5 s", "0.7 s", "0.9 s"]  # samples at 0.6, 0.8 ... of a window from 0.5
    assert "in the middle" not in texts[0][0]
    assert "- happy: smile with raised lip corners or laugh\n- sad: " in texts[0][0]
    assert windows[["start_s", "end_s"]].to_numpy().tolist() == [[0, 1], [0.5, 1.5], [1, 2], [1.5, 2.4]]
    assert windows["outcome"].tolist() == ["answered"] * 4
    ((_, event),) = events.iterrows()
    assert (event["video"], event["person"], event["label"], event["family"]) == ("film", 0, "happy", "emotion")


def test_an_event_in_half_of_the_windows_has_half_the_score():
    predictions = pd.DataFrame(
        [(0, 3.0, 7.0, 0.8), (1, 5.0, 7.0, 0.8), (2, 12.0, 14.0, 1.0), (3, 15.0, 18.0, 0.6)],
        columns=["window", "start_s", "end_s", "score"],
    )
    spans = np.array([[0, 10], [5, 15], [10, 20], [15, 25]])
    events = merge_events(predictions, spans)
    assert [event[:2] for event in events] == [(3, 7), (12, 14), (15, 18)]
    assert [event[2] for event in events] == pytest.approx([0.8, 0.5, 0.3])
    assert merge_events(predictions.assign(start_s=[3, 5, 7, 14], end_s=[7, 7, 14, 18]), spans)[0][:2] == (3, 18)


def test_each_person_of_the_tracks_is_queried_alone(tmp_path, film):
    left, right = (0.0, 0.0, 0.4, 1.0), (0.6, 0.3, 0.9, 0.9)
    boxes = {0: {k: {"person": left} for k in range(24)}, 3: {k: {"person": right} for k in range(12)}}
    tracks = write_tracks(tmp_path / "t.parquet", film, boxes)
    sizes = []

    def answer(messages):
        assert "mark only what the person in the middle does" in messages[0]["content"][0]["text"]
        sizes.append([image.shape for image in request_images(messages)])
        return '[{"label": "posture_shift", "start": 0.2, "end": 0.8, "score": 0.5}]'

    events, windows = prompt_events(
        film, ["posture_shift"], answer, tracks=tracks, window_s=1.2, step_s=1.2, size=64, progress=False
    )
    assert windows[["person", "start_s"]].to_numpy().tolist() == [[0, 0], [3, 0], [0, 1.2]]
    assert sizes == [[(64, 64, 3)] * 3] * 2 + [[(64, 64, 3)] * 2]
    assert events[["person", "start_s", "end_s"]].to_numpy().tolist() == [[0, 0.2, 0.8], [3, 0.2, 0.8], [0, 1.4, 2.0]]
    assert events.loc[1, ["x0", "y0", "x1", "y1"]].tolist() == pytest.approx(right)


def test_windows_without_an_answer_are_reported(film):
    events, windows = prompt_events(film, ["sad"], lambda _: "I am unable to", window_s=1.2, step_s=1.2, progress=False)
    assert (len(events), windows["outcome"].tolist()) == (0, ["refused", "refused"])
