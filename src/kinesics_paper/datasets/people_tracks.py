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
from kinesics.structures.features import read_features
from kinesics.structures.tracks import Tracks, read_tracks
from kinesics.structures.vocabulary import LABELS

#: The step to which numbers are rounded: of 1,920 pixels a fourth of one, of a metre a tenth of a millimetre.
STEP = 2.0**-13
#: The least range to which differences of a column are related: of what hardly varies, rounding would seem large.
LEAST_RANGE = 0.01


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
        "shared": _shared(*keys),
        "difference": {
            field.name: _difference(first, second, field.name)
            for field in first.table.schema
            if pa.types.is_fixed_size_list(field.type) or field.type == pa.float32()
        },
    }


def compare_features(made: str | Path, published: str | Path) -> dict[str, Any]:
    """Return how far the features of one video in two files are apart, as ``compare_tracks`` does; the columns are crops."""
    of_files = []
    for path in (made, published):
        crops = read_features(path).crops
        keys = ((crop, zip(rows.time_s.round(3), rows.person, strict=True)) for crop, rows in crops.items())
        of_files.append({(crop, *key): crops[crop].tokens[n] for crop, of in keys for n, key in enumerate(of)})
    first, second = of_files
    both = sorted(set(first) & set(second))
    difference = {}
    for crop in sorted({key[0] for key in both}):
        of_crop = [key for key in both if key[0] == crop]
        difference[crop] = _relative(*(np.concatenate([tokens[key] for key in of_crop]) for tokens in of_files))
    return {"rows": len(first), "shared": _shared(set(first), set(second)), "difference": difference}


def _shared(first: set, second: set) -> float:
    """Return the share of the elements of two sets that are in both, 1 if there are none."""
    return len(first & second) / len(first | second) if first | second else 1.0


def _difference(first: Tracks, second: Tracks, column: str) -> float:
    frames = min(first.frames, second.frames)
    pairs = [np.zeros((2, 0))]
    for person in sorted(set(first.persons) & set(second.persons)):
        pairs.append(np.stack([tracks.dense(person, column)[:frames].ravel() for tracks in (first, second)]))
    return _relative(*np.concatenate(pairs, axis=1))


def _relative(first: np.ndarray, second: np.ndarray) -> float:
    """Return the 99th percentile of the differences of two arrays (N,), NaN aside, as a share of the first's range."""
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return 0.0
    low, high = np.percentile(first[known], [1, 99])
    return float(np.percentile(np.abs(first[known] - second[known]), 99) / max(high - low, LEAST_RANGE))
