"""IPN Hand with its videos: 200 long videos of 50 people, 13 gestures (Benitez-Garcia et al., ICPR 2020).

Layout: the lists ``trainlistall.txt``, ``vallistall.txt`` and ``classIndAll.txt``, which ``kinesics.adapters.ipn_hand`` reads,
and the videos as ``videos/<video>.avi``. Not verified: the name of the folder of videos.
"""

from pathlib import Path

from kinesics.adapters import ipn_hand
from kinesics.corpora import Corpus
from kinesics.corpora.readers import Videos, corpus

LABELS = ipn_hand.LABELS


def read(folder: Path) -> Corpus:
    """Return the corpus with the authors' split of subjects."""
    videos = Videos(folder)
    for video, subject, duration_s in ipn_hand.streams(folder).itertuples(index=False):
        videos.add(f"{folder}: its list of segments", f"videos/{video}.avi", subject=subject, duration_s=duration_s)
    events = ipn_hand.events(folder)[["video", "label", "start_s", "end_s"]].itertuples(index=False, name=None)
    return corpus(videos, events, ipn_hand.splits(folder), "gesture", folder)
