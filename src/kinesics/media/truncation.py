"""Find out whether a media file ends before the container says, by the lengths that its parts declare.

Decoders do not say it: FFmpeg reads what is there and takes the end of the file for the end of the film.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

#: Bytes at the end that are searched for the last packet of a stream: two packs of MPEG-PS, or pages of Ogg.
_TAIL = 200_000
#: Lengths of packets of MPEG-TS: plain, with time codes (M2TS), with checksums; and where in them the sync byte stands.
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))
_SYNCS = 16
#: Boxes of MP4 and QuickTime, and objects of ASF, at the top of a file (ISO/IEC 14496-12; Advanced Systems Format 1.2).
_BOXES = frozenset(
    b"ftyp styp moov mdat free skip wide pnot udta uuid meta moof mfra sidx ssix prft emsg pdin meco idat junk".split()
)
_OBJECTS = frozenset(
    bytes.fromhex(name)
    for name in (
        "3026b2758e66cf11a6d900aa0062ce6c",  # header
        "3626b2758e66cf11a6d900aa0062ce6c",  # data
        "90080033b1e5cf1189f400a0c90349cb",  # simple index
        "d329e2d6da35d111903400a0c90349be",  # index
        "f803b1fead12644c840f2a1d2f7ad48c",  # media object index
        "d03fb73c4a0c0348953dedf7b6228f0c",  # timecode index
    )
)


def ends_early(path: str | Path, format: str) -> bool:
    """Return whether a file of a format (FFmpeg's name) ends within one of its parts. Others, and live streams, are whole."""
    size = Path(path).stat().st_size
    for name, check in _CHECKS.items():
        if name in format.split(","):
            with open(path, "rb") as file:
                return check(file, size)
    return False


def is_transport(path: str | Path) -> bool:
    """Return whether a file is a few packets of MPEG-TS and nothing else."""
    data = Path(path).read_bytes() if Path(path).stat().st_size < _TAIL else b""
    length = _TS_PACKETS[0][0]
    return len(data) % length == 0 and set(data[::length]) == {0x47}


def _boxes(file: BinaryIO, size: int) -> bool:
    """MP4: boxes of a 32-bit length and a name; 1 stands for a 64-bit length, 0 for the rest of the file."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or head[4:8] not in _BOXES:  # other programs' data after the film, such as a tag of text
            return False
        at += length
    return at > size


def _riff(file: BinaryIO, size: int) -> bool:
    """AVI: chunks of 1 GB at most, one after the other; what was not written to the end has a length of 0."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length in (0, 0xFFFFFFFF):
            return False
        at += 8 + length + length % 2
    return at > size + 1  # the last chunk may lack its padding


def _objects(file: BinaryIO, size: int) -> bool:
    """ASF: objects of a 16-byte name and a 64-bit length."""
    at = 0
    while at + 24 <= size:
        file.seek(at)
        head = file.read(24)
        length = int.from_bytes(head[16:], "little")
        if length < 24 or head[:16] not in _OBJECTS:
            return False
        at += length
    return at > size


def _segment(file: BinaryIO, size: int) -> bool:
    """Matroska and WebM: the header, then the segment with all else; of a live stream the length is not known (all ones)."""
    at = 0
    for _ in range(2):
        file.seek(at + 4)
        head = file.read(8)
        if not head or not head[0]:
            return False
        width = 9 - head[0].bit_length()
        length = int.from_bytes(head[:width], "big") & ((1 << 7 * width) - 1)
        if length == (1 << 7 * width) - 1:
            return False
        at += 4 + width + length
    return at > size


def _transport(file: BinaryIO, size: int) -> bool:
    """MPEG-TS: packets of one length; the last is to be whole. Those lost before it do not count."""
    file.seek(max(size - 204 * (_SYNCS + 1), 0))
    tail = file.read()
    for length, offset in _TS_PACKETS:
        for rest in range(length):
            last = len(tail) - 1 - rest  # where the last sync byte may stand
            places = range(last, max(last - _SYNCS * length, -1), -length)
            if len(places) > 1 and all(tail[place] == 0x47 for place in places):
                return rest != length - offset - 1
    return False


def _packs(file: BinaryIO, size: int) -> bool:
    """MPEG-PS: packs of packets, whose lengths are counted from the begin of the last pack."""
    file.seek(max(size - _TAIL, 0))
    tail = file.read()
    at = tail.rfind(b"\0\0\1\xba")
    if at < 0:
        return False
    at += 14 + (tail[at + 13] & 7) if len(tail) > at + 13 and tail[at + 4] >> 6 == 1 else 12  # MPEG-2, MPEG-1
    while at + 6 <= len(tail):
        if tail[at : at + 3] != b"\0\0\1" or tail[at + 3] == 0xB9:
            return False
        at += 6 + int.from_bytes(tail[at + 4 : at + 6], "big")
    return at != len(tail)


def _pages(file: BinaryIO, size: int) -> bool:
    """Ogg: pages, which list the lengths of their segments."""
    file.seek(max(size - _TAIL, 0))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return at >= 0
    lengths = tail[at + 27 : at + 27 + tail[at + 26]]
    return at + 27 + tail[at + 26] + sum(lengths) > len(tail)


def _tags(file: BinaryIO, size: int) -> bool:
    """FLV: tags, each followed by its length."""
    file.seek(max(size - 4, 0))
    length = int.from_bytes(file.read(), "big")
    if not 11 <= length <= size - 4:
        return True
    file.seek(size - 4 - length)
    head = file.read(4)
    return head[0] & 31 not in (8, 9, 18) or int.from_bytes(head[1:], "big") != length - 11


_CHECKS: dict[str, Callable[[BinaryIO, int], bool]] = {
    "mp4": _boxes,
    "avi": _riff,
    "asf": _objects,
    "matroska": _segment,
    "mpegts": _transport,
    "mpeg": _packs,
    "ogg": _pages,
    "flv": _tags,
}
