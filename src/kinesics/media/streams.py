"""Choose the streams of a media file: those of a given number, or else the default ones that can be decoded."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import av
from av.stream import Disposition

from kinesics.errors import KinesicsError

Stream = TypeVar("Stream", av.VideoStream, av.AudioStream)

#: Codecs of still images. A stream of one image beside others is a thumbnail.
STILLS = ("mjpeg", "png", "apng", "bmp", "gif", "webp", "tiff", "jpegls", "jpeg2000")


@dataclass(frozen=True)
class ReadOptions:
    """How a video is read: the numbers of its streams of images and of sound, and whether damage is accepted.

    Numbers are those of the file, from 0, as FFmpeg lists them; None takes the stream flagged default among those that can be
    decoded. With ``accept_damaged``, what can be read of a file that is cut off or damaged is read.
    """

    video_stream: int | None = None
    audio_stream: int | None = None
    accept_damaged: bool = False


AS_IT_COMES = ReadOptions()


def images_of(container: av.container.InputContainer) -> list[av.VideoStream]:
    """Return the streams of images, without cover pictures: FFmpeg takes the cover of a song for a video stream."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def decodable(streams: Iterable[Stream]) -> list[Stream]:
    """Return the streams that there is a decoder for."""
    return [stream for stream in streams if stream.codec_context is not None]


def choose(path: str | Path, streams: Iterable[Stream], kind: str, number: int | None = None) -> Stream:
    """Return the stream of that number, else the one flagged default among those that can be decoded, else their first.

    A still image beside moving ones, such as a thumbnail, is taken only if nothing else is there. ``kind`` is video or audio.

    Raises KinesicsError if none can be decoded; for a number that is not of one of ``streams``, it lists those of the file.
    """
    streams = list(streams)
    candidates = decodable(streams)
    if number is not None:
        for stream in candidates:
            if stream.index == number:
                return stream
        parts = ", ".join(map(_describe, streams[0].container.streams)) if streams else f"no {kind}"
        raise KinesicsError(f"{path}: no {kind} stream {number} that can be decoded; it has {parts}")
    if not candidates:
        what, how = ("video stream", "H.264") if kind == "video" else ("sound", "AAC")
        raise KinesicsError(f"{path}: no decoder for its {what}; re-encode it, for instance as {how}")
    return max(candidates, key=lambda s: (not _is_still(s), bool(s.disposition & Disposition.default)))


def _is_still(stream: av.VideoStream | av.AudioStream) -> bool:
    return stream.type == "video" and (
        stream.frames == 1 or (stream.frames == 0 and stream.codec_context.name in STILLS)
    )


def _describe(stream: av.stream.Stream) -> str:
    """Return what a stream is, as in ``1 audio aac eng (default)``."""
    context = stream.codec_context
    parts = [str(stream.index), stream.type or "unknown"]
    if stream.type in ("video", "audio"):
        parts.append(context.name if context else "without a decoder")
    if stream.type == "video" and context:
        parts.append(f"{context.width}x{context.height}")
    if stream.language:
        parts.append(stream.language)
    if stream.disposition & Disposition.attached_pic:
        parts.append("(cover picture)")
    if stream.disposition & Disposition.default:
        parts.append("(default)")
    return " ".join(parts)
