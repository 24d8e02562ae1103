"""Match persons by their boxes, and compare numbers of persons."""

import pandas as pd
from support.event_tables import TUBE_RATE, events, tubes_of

from kinesics.metrics.identity import boxes_of_tubes, match_persons, remap_persons


def test_tracked_persons_are_matched_by_their_boxes():
    truth = events(("v", 0, "head_turn", 0, 10, 1), ("v", 1, "head_turn", 0, 10, 1))
    true = boxes_of_tubes(truth, tubes_of(truth))
    # The tracker calls the right person 0, has lost the left one but for a second, and sees a third in a wall.
    tracked = pd.concat(
        [
            true[true["person"] == 1].assign(person=0),
            true[(true["person"] == 0) & (true["time_s"] < 9)].assign(person=2, x1=0.3),
            true[(true["person"] == 0) & (true["time_s"] >= 9)].assign(person=5),
            true[true["person"] == 0].assign(person=7, x0=0.9, x1=1.0),
        ]
    )
    assert match_persons(true, tracked, TUBE_RATE) == {0: 1, 2: 0}
    assert match_persons(true, tracked[:0], TUBE_RATE) == match_persons(true[:0], tracked, TUBE_RATE) == {}
    mapped = remap_persons(truth.assign(person=[0, 7]), {0: 1, 2: 0}, 2)
    assert mapped["person"].tolist() == [1, 2]
