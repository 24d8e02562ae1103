"""Damaged and hostile files end in one line, in little time and memory, and leave nothing behind."""

import random
import tracemalloc
import zipfile
from pathlib import Path
from time import process_time

import pytest
from support.interchange import MEDIA, options, read, table

from kinesics.errors import KinesicsError
from kinesics.formats.base import WritableFormat
from kinesics.formats.registry import FORMATS, read_events, write_events

EVENTS = table(
    (0, "happy", 1, 2), (1, "a <b>", 1.5, 3, "x"), (1, "a <b>", 2, 4, "x"), score=0.5, x0=0.1, y0=0.2, x1=0.4, y1=0.6
)
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x0 "ha">{}]>{}'
ENTITIES = "".join(f'<!ENTITY x{k} "{f"&x{k - 1};" * 10}">' for k in range(1, 12))
DOCUMENT = '<ANNOTATION_DOCUMENT><TIER TIER_ID="&x11;"/></ANNOTATION_DOCUMENT>'
SECRET = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotations>&x;</annotations>'


def refusal(path: Path, format: str | None) -> str:
    """Return the line with which a file is refused, empty if it is read."""
    try:
        read_events(path, format=format, options=options(media=MEDIA))
    except KinesicsError as error:
        return str(error)
    return ""


def is_line(text: str) -> bool:
    return "\n" not in text and len(text) < 1500


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if isinstance(one, WritableFormat)])
def test_cut_off_and_flipped_files_are_read_or_refused_in_one_line(name, tmp_path):
    path = tmp_path / f"talk{(FORMATS[name].suffixes or ('.csv',))[0]}"
    write_events(EVENTS, path, format=name, options=options(media=MEDIA))
    whole, draw = path.read_bytes(), random.Random(0)
    refused = 0
    for k in range(60):
        damaged = bytearray(whole[: draw.randrange(len(whole))] if k % 2 else whole)
        for _ in range(draw.randrange(1, 6) if damaged else 0):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        for format in (name, None):
            line = refusal(path, format)
            refused += bool(line)
            assert is_line(line)
            assert not line or str(path) in line
    assert refused


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("other", [name for name, one in FORMATS.items() if isinstance(one, WritableFormat)])
def test_files_of_another_format_are_refused_or_read(name, other, tmp_path):
    path = tmp_path / "talk.dat"
    write_events(EVENTS, path, format=other, options=options(media=MEDIA))
    assert is_line(refusal(path, name))


@pytest.mark.parametrize("content", [BOMB.format(ENTITIES, DOCUMENT), SECRET, BOMB.format("", DOCUMENT)])
@pytest.mark.parametrize("name", ["a.eaf", "a.xml"])
def test_entities_are_not_expanded(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(KinesicsError, match=r"has a document type, which annotations never have"):
        read(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "member"), [("a.opf", "db"), ("a.zip", "annotations.xml")])
def test_archives_that_unfold_to_gigabytes_take_bounded_memory(name, member, tmp_path, monkeypatch):
    path = tmp_path / name
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        for _ in range(256):
            file.write(bytes(2**20))
    monkeypatch.setattr("kinesics.formats.source.LARGEST", 2**22)
    tracemalloc.start()
    with pytest.raises(KinesicsError, match=r"inside is larger than 4 MiB"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_files_that_are_too_large_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("kinesics.formats.source.LARGEST", 1000)
    for name in ("a.eaf", "a.json", "a.srt", "a.boris", "a.TextGrid"):
        (tmp_path / name).write_bytes(b"{" * 2000)
        with pytest.raises(KinesicsError, match=r"larger than 0 MiB: split it"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.suffixes])
def test_missing_files_folders_and_binaries_are_named(name, tmp_path):
    path = tmp_path / f"talk{FORMATS[name].suffixes[0]}"
    with pytest.raises(KinesicsError, match=r"no such file"):
        read(path)
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(KinesicsError) as caught:
        read(path)
    assert is_line(str(caught.value))
    path.unlink()
    path.mkdir()
    with pytest.raises((KinesicsError, IsADirectoryError)):
        read(path)


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    target = tmp_path / "talk.json"
    with pytest.raises(KinesicsError, match=r"its times are frames"):
        write_events(EVENTS, target, format="label_studio", options=options())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KinesicsError, match=r"cannot be written"):
        write_events(EVENTS, Path("/dev/full/talk.eaf"), options=options())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.eaf", "<a>" * 500_000),
        ("a.eaf", "<ANNOTATION_DOCUMENT>" + "<TIER>" * 200_000 + "</TIER>" * 200_000 + "</ANNOTATION_DOCUMENT>"),
        ("a.json", "[" * 500_000),
        ("a.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<v " * 200_000),
        ("a.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<" * 200_000),
        ("a.srt", "\n" * 200_000 + "1\n"),
        ("a.TextGrid", 'File type = "ooTextFile"\nObject class = "TextGrid"\n0 1 <exists> 1\n' + '"' * 200_001),
        ("a.txt", "\n" * 200_000),
        ("a.txt", "-" * 200_000 + ",b\n"),
        ("a.csv", "a" * 400_000),
    ],
)
def test_hostile_texts_are_quick(name, content, tmp_path):
    (tmp_path / name).write_text(content)
    begin = process_time()
    assert is_line(refusal(tmp_path / name, None))
    assert process_time() - begin < 3


def test_slots_in_knots_are_quick(tmp_path):
    slots = '<TIME_SLOT TIME_SLOT_ID="s" TIME_VALUE="0"/>' + "".join(
        f'<TIME_SLOT TIME_SLOT_ID="u{k}"/>' for k in range(5000)
    )
    slots += "".join(f'<TIME_SLOT TIME_SLOT_ID="t{k}" TIME_VALUE="{k}"/>' for k in range(5000))
    pairs = [(f"u{k}", f"u{k + 1}") for k in range(4999)] + [("u4999", "u0")] + [(f"t{k}", "u0") for k in range(5000)]
    annotations = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{k}" TIME_SLOT_REF1="{first}" TIME_SLOT_REF2="{last}"/>'
        "</ANNOTATION>"
        for k, (first, last) in enumerate(pairs)
    )
    path = tmp_path / "a.eaf"
    path.write_text(
        f'<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID="x">{annotations}</TIER></ANNOTATION_DOCUMENT>'
    )
    begin = process_time()
    assert is_line(refusal(path, None))
    assert process_time() - begin < 3


def test_tiers_in_a_long_line_are_quick(tmp_path):
    tiers = "".join(f'<TIER TIER_ID="{k}" PARENT_REF="{(k + 1) % 20_000}"/>' for k in range(20_000))
    (tmp_path / "a.eaf").write_text(f"<ANNOTATION_DOCUMENT>{tiers}</ANNOTATION_DOCUMENT>")
    begin = process_time()
    assert len(read(tmp_path / "a.eaf")) == 0
    assert process_time() - begin < 3
