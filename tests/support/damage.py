"""Damage files of footage at random, and read them in a process of their own with limits of time and memory."""

import contextlib
import io
import multiprocessing
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from kinesics.errors import KinesicsError
from kinesics.media.audio import read_sound
from kinesics.media.streams import ReadOptions
from kinesics.media.video import probe_video, read_frame_at, read_frames
from support.footage import RATE, beeps, remux, time_of

#: Seconds that a case may take, and bytes of memory that it may ask for beyond those of the tests.
PATIENCE_S, MEMORY = 60, 1 << 30


@dataclass(frozen=True)
class Damage:
    """One kind of damage: places in [0, 1) of the file, the number of bits or bytes, and a seed of what is written."""

    kind: str
    places: tuple[float, ...]
    length: int


KINDS = ("truncate", "flip", "zero", "cut out", "double", "swap", "drop packets")
damages = st.builds(
    Damage,
    st.sampled_from(KINDS),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4).map(tuple),
    st.integers(1, 3000),
)


def inflict(damage: Damage, source: Path, path: Path) -> Path:
    """Write a damaged copy of a file."""
    data = bytearray(source.read_bytes())
    size, places = len(data), [int(place * len(data)) for place in damage.places]
    if damage.kind == "drop packets":
        return remux(source, path, lambda packet: hash((packet.stream_index, packet.dts)) % 100 >= 4 * len(places))
    for at in places:
        length = min(damage.length, size - at)
        if damage.kind == "truncate":
            del data[max(at, 1) :]
        elif damage.kind == "flip":
            data[at % len(data)] ^= 1 << damage.length % 8
        elif damage.kind == "zero":
            data[at : at + length] = bytes(length)
        elif damage.kind == "cut out":
            del data[at : at + length]
        elif damage.kind == "double":
            data[at:at] = data[at : at + length]
        elif damage.kind == "swap":
            data[at : at + 2 * length] = data[at + length : at + 2 * length] + data[at : at + length]
    path.write_bytes(data)
    return path


def read_all(path: Path, accept_damaged: bool) -> dict:
    """Return what is read of a file: the duration, the time that each frame shows, and the beeps; or the error."""
    options = ReadOptions(accept_damaged=accept_damaged)
    out: dict = {}
    notes = io.StringIO()
    with contextlib.redirect_stderr(notes):
        _read(path, options, out)
    return out | {"notes": notes.getvalue()}


def _read(path: Path, options: ReadOptions, out: dict) -> None:
    try:
        info = probe_video(path, options)
        out |= {"duration_s": info.duration_s, "damaged_after_s": info.damaged_after_s}
        if info.duration_s > 100:
            return
        out["shown"] = [(time_s, time_of(frame)) for _, time_s, frame in read_frames(path, 5, options)]
        times = [share * info.duration_s for share in (0.9, 0.1, 0.5)]
        out["at"] = list(zip(times, map(time_of, read_frame_at(path, times, options)), strict=True))
        out["beeps"] = beeps(read_sound(path, options)) if info.has_audio else []
    except KinesicsError as error:
        out["error"] = str(error)


def guarded(function: Callable[..., dict], *arguments: object) -> dict:
    """Return the result of a function that runs in a process of its own; ``crash`` is set if that hangs or ends badly."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(False)

    def run() -> None:
        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, in_use + MEMORY))
        try:
            sender.send(function(*arguments))
        except BaseException as error:  # reported to the test
            sender.send({"crash": repr(error)})

    process = context.Process(target=run)
    process.start()
    sender.close()
    try:
        result = receiver.recv() if receiver.poll(PATIENCE_S) else {"crash": "hangs"}
    except EOFError:
        result = {"crash": "ended without a word"}
    process.kill()
    process.join()
    return result


def wrong(result: dict, frames: int = 0) -> list[tuple[float, float]]:
    """Return the (time, time shown) that differ by more than a frame and so many lost ones."""
    return [
        (time_s, shown)
        for time_s, shown in result.get("shown", []) + result.get("at", [])
        if abs(time_s - shown) > (2 + frames) / RATE
    ]
