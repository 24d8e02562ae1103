"""Damaged files: what is read of them is right, or a line says what is wrong; never a hang, never memory without bound."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.damage import Damage, damages, guarded, inflict, read_all, wrong
from support.footage import RATE, write_footage

from kinesics.media.streams import ReadOptions
from kinesics.media.video import probe_video, read_frames

INTRA = {"options": {"g": "1", "bf": "0"}}
#: Name of a file: arguments of ``write_footage``. Images of ``intra`` do not depend on each other.
FILES = {
    "plain.mp4": {},
    "intra.mp4": INTRA | {"container_options": {"movflags": "faststart"}},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "plain.mkv": {},
    "intra.mkv": INTRA,
    "plain.ts": {"options": {"bf": "3"}},
    "intra.ts": INTRA,
    "plain.webm": {
        "codec": "libvpx-vp9",
        "sound_codec": "libopus",
        "options": {"bf": "0", "cpu-used": "8", "deadline": "realtime"},
    },
    "plain.avi": {"codec": "mpeg4", "sound_codec": "libmp3lame"},
    "plain.mpg": {"codec": "mpeg2video", "sound_codec": "mp2"},
    "plain.wmv": {"codec": "wmv2", "sound_codec": "wmav2", "options": {"bf": "0"}},
}
#: H.264 numbers its images and Matroska and MPEG-TS their parts: there, damage does not stay unseen.
NUMBERED = ("plain.mp4", "plain.mkv", "plain.ts")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return lambda name: folder / name if (folder / name).exists() else write_footage(folder / name, **FILES[name])


def check(name: str, damage: Damage, path, accept_damaged: bool) -> None:
    """Assert what holds of every damaged file."""
    result = guarded(read_all, path, accept_damaged)
    assert "crash" not in result, result
    if "error" in result:
        assert "\n" not in result["error"]
        assert str(path) in result["error"]
        return
    told = bool(result["notes"]) or result["damaged_after_s"] is not None
    if damage.kind == "truncate":
        assert told or abs(result["duration_s"] - 8) < 0.1 or name in ("plain.ts", "intra.ts", "plain.mpg")
        assert not accept_damaged or not wrong(result) or result["damaged_after_s"] < 8
    elif damage.kind == "drop packets":
        assert 3 < result["duration_s"] < 8.2  # groups at the begin may lack their key images
        if name in ("intra.mp4", "intra.mkv"):
            assert not [pair for pair in wrong(result, frames=8) if result["shown"][0][1] == 0], result
    elif name in NUMBERED and damage.kind != "flip":
        begin_s = result["shown"][0][1]  # bytes that are lost at the begin are not known to be
        assert told or all(abs(time_s + begin_s - shown) < 3 / RATE for time_s, shown in result["shown"]), result


@pytest.mark.slow
@settings(
    max_examples=110,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(st.sampled_from(sorted(FILES)), damages, st.booleans())
@example(
    "plain.mkv", Damage("swap", (0.59,), 419), False
)  # images of a second are lost, and FFmpeg says so in its log alone
@example(
    "fragments.mp4",
    Damage("swap", (0.5003083681592307, 0.3013385817236216, 0.779043784040459, 0.34867142614310576), 1238),
    True,
)  # cannot be read to its end
@example("plain.webm", Damage("flip", (0.52, 0.88, 0.93), 2292), False)  # a stamp 4 s too late
def test_a_damaged_file_is_read_right_or_a_line_says_what_is_wrong(whole, tmp_path_factory, name, damage, accept):
    path = tmp_path_factory.mktemp("damaged") / name
    check(name, damage, inflict(damage, whole(name), path), accept)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("plain.mkv", Damage("swap", (0.59,), 419)),
        ("plain.ts", Damage("cut out", (0.5,), 500)),
        ("intra.mkv", Damage("drop packets", (0.5, 0.5), 1)),
    ],
)
def test_a_few_damaged_files(whole, tmp_path, name, damage):
    check(name, damage, inflict(damage, whole(name), tmp_path / name), False)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "intra.mp4" else pytest.mark.slow)
        for name in FILES
        if name != "plain.mp4"
    ],
)
def test_a_file_that_is_cut_off_is_refused_or_read_as_far_as_it_goes(whole, tmp_path, name):
    path, data = tmp_path / name, whole(name).read_bytes()
    cut = len(data) * 6 // 10
    path.write_bytes(data[: cut + (cut % 188 == 0)])
    result = read_all(path, False)
    assert re.search(r"cut off: it holds \d\.\d\d s of .*--accept-damaged", result["error"])
    info = probe_video(path, ReadOptions(accept_damaged=True))
    assert 2 < info.damaged_after_s <= info.duration_s < 7
    result = read_all(path, True)
    assert "error" not in result
    assert not [pair for pair in wrong(result) if pair[0] < info.damaged_after_s]
    assert result["beeps"][:3] == pytest.approx([0, 1, 2], abs=0.08)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "plain.ts" else pytest.mark.slow) for name in FILES]
)
def test_a_whole_file_is_not_damaged(whole, name):
    for accept in (False, True):
        result = read_all(whole(name), accept)
        assert not wrong(result)
        assert (result["notes"], result["damaged_after_s"]) == ("", None)


@pytest.mark.parametrize("name", ["plain.mp4", pytest.param("plain.wmv", marks=pytest.mark.slow)])
def test_text_after_the_film_is_no_damage(whole, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(whole(name).read_bytes() + b"TAG Interview 3, and other words of a tagging program")
    assert probe_video(path) == probe_video(whole(name))


def test_images_after_the_damage_are_those_of_their_time(whole, tmp_path):
    data = bytearray(whole("intra.mkv").read_bytes())
    at = len(data) // 2
    data[at : at + 2000] = bytes(2000)
    (tmp_path / "intra.mkv").write_bytes(data)
    options = ReadOptions(accept_damaged=True)
    info = probe_video(tmp_path / "intra.mkv", options)
    assert 3 < info.damaged_after_s < 5
    shown = [time_s for _, time_s, _ in read_frames(tmp_path / "intra.mkv", 5, options)]
    assert len(shown) == 40
    result = read_all(tmp_path / "intra.mkv", True)
    assert not [pair for pair in wrong(result) if abs(pair[0] - info.damaged_after_s) > 1.5]


def test_texts_of_a_file_need_not_be_utf_8(whole, tmp_path):
    path = tmp_path / "texts.mkv"
    path.write_bytes(whole("plain.mkv").read_bytes().replace(b"ENCODER", b"E\xffCODER"))
    assert path.read_bytes() != whole("plain.mkv").read_bytes()
    assert len(list(read_frames(path, 5))) == 40
