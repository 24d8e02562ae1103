"""Tracks of the annotated clips: which track is which coded person, and the numbers that every tier has of all clips.

The clips of the public tier are fetched there only. ``people/tracks`` of the project holds their tracks as numbers without
pictures, rounded (``round_tracks``), so that every tier has all people (``people/README.md``).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kinesics.io.files import replacing
from kinesics.metrics.identity import PARTS, boxes_of_tracks, match_persons, remap_persons
from kinesics.structures.events import BOX
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics.structures.vocabulary import LABELS

FOLDER = Path("people")
#: The encoders whose features are published beside the tracks: expressions, and whether somebody speaks.
FEATURES = ("fer", "hear")
#: The step to which numbers are rounded: of 1,920 pixels a fourth of one, of a metre a tenth of a millimetre.
STEP = 2.0**-13
#: The least range to which differences of a column are related: of what hardly varies, rounding would seem large.
LEAST_RANGE = 0.01


def published_tracks(clip: str) -> Path:
    """Return the place of a clip's published tracks."""
    return FOLDER / "tracks" / f"{clip}.parquet"


def coded_boxes(codings: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the boxes of faces and people that were coded in one video, in the form of ``identity.boxes_of_rows``.

    A box was read by eye in the frame at the middle of its event; hands have other boxes and are left out.
    """
    events = pd.concat(list(codings), ignore_index=True).dropna(subset=BOX)
    boxes = events[["person", *BOX]].assign(
        part=events["label"].map(LABELS["box"]).fillna("person"), time_s=(events["start_s"] + events["end_s"]) / 2
    )
    return boxes[boxes["part"].isin(PARTS)].reset_index(drop=True)


def number_as_tracked(codings: Sequence[pd.DataFrame], tracks: Tracks) -> list[pd.DataFrame]:
    """Return the events of the tracked video in each coding, with the numbers that people have in the tracks.

    Coded people and tracks match by the boxes of all codings together (``identity.match_persons``). One coded person and one
    track that are left over match too: of whoever gestured only, no such box was coded. Whoever was not tracked gets a number
    that no track has, the same in all codings.
    """
    of_video = [coding[coding["video"] == tracks.video].reset_index(drop=True) for coding in codings]
    coded = match_persons(coded_boxes(of_video), boxes_of_tracks(tracks), tracks.rate_hz)
    numbers = {person: track for track, person in coded.items()}
    free = max([-1, *tracks.persons]) + 1
    others = sorted({person for coding in of_video for person in coding["person"]} - set(numbers))
    spare = sorted(set(tracks.persons) - set(numbers.values()))
    if len(others) == len(spare) == 1:
        numbers[others.pop()] = spare[0]
    numbers |= {person: free + place for place, person in enumerate(others)}
    return [remap_persons(coding, numbers, free) for coding in of_video]


def round_tracks(source: str | Path, out: str | Path) -> None:
    """Write the tracks of a file with all numbers but times rounded to multiples of ``STEP``: a fourth of the bytes.

    Rounded numbers have few different bytes, which are stored apart (byte stream split) and compressed (zstd).
    """
    read_tracks(source)  # refuses what is no tracks file
    file = pq.ParquetFile(source)
    table = file.read().replace_schema_metadata(None)
    table = pa.table([_rounded(table[name].combine_chunks()) for name in table.schema.names], schema=table.schema)
    with (
        replacing(out) as temporary,
        pq.ParquetWriter(
            temporary,
            table.schema,
            compression="zstd",
            compression_level=19,
            use_dictionary=False,
            use_byte_stream_split=True,
            write_page_checksum=True,
        ) as writer,
    ):
        writer.write_table(table)
        writer.add_key_value_metadata({"kinesics": file.metadata.metadata[b"kinesics"]})


def _rounded(column: pa.Array) -> pa.Array:
    """Return a column with its 32-bit numbers, alone or in lists of one length, rounded; others as they are."""
    if pa.types.is_fixed_size_list(column.type):
        missing, size = np.asarray(column.is_null()), column.type.list_size
        numbers = np.zeros((len(column), size), np.float32)
        numbers[~missing] = column.filter(~missing).flatten().to_numpy(zero_copy_only=False).reshape(-1, size)
        values = pa.array(_round(numbers).ravel(), column.type.value_type)
        return pa.FixedSizeListArray.from_arrays(values, type=column.type, mask=pa.array(missing))
    if column.type == pa.float32():
        return pa.array(_round(column.to_numpy(zero_copy_only=False)), column.type, from_pandas=True)
    return column


def _round(numbers: np.ndarray) -> np.ndarray:
    return (np.round(numbers / STEP) * STEP).astype(np.float32)


def compare_tracks(made: str | Path, published: str | Path) -> dict[str, Any]:
    """Return how far the tracks of one video in two files are apart.

    ``rows`` of the first; ``shared``, the share of all rows (a frame of a person) that are in both; ``difference`` of each
    column of numbers: the 99th percentile of the absolute differences in the rows that both have, as a share of the range from
    the column's first to its 99th percentile; 0 without any.
    """
    first, second = read_tracks(made), read_tracks(published)
    keys = [
        set(zip(*(tracks.table[name].to_pylist() for name in ("frame", "person")), strict=True))
        for tracks in (first, second)
    ]
    return {
        "rows": len(keys[0]),
        "shared": len(keys[0] & keys[1]) / max(len(keys[0] | keys[1]), 1),
        "difference": {
            field.name: _difference(first, second, field.name)
            for field in first.table.schema
            if pa.types.is_fixed_size_list(field.type) or field.type == pa.float32()
        },
    }


def _difference(first: Tracks, second: Tracks, column: str) -> float:
    frames = min(first.frames, second.frames)
    pairs = [np.zeros((2, 0))]
    for person in sorted(set(first.persons) & set(second.persons)):
        pairs.append(np.stack([tracks.dense(person, column)[:frames].ravel() for tracks in (first, second)]))
    numbers = np.concatenate(pairs, axis=1)
    numbers = numbers[:, np.isfinite(numbers).all(0)]
    if not numbers.size:
        return 0.0
    low, high = np.percentile(numbers[0], [1, 99])
    return float(np.percentile(np.abs(numbers[0] - numbers[1]), 99) / max(high - low, LEAST_RANGE))
