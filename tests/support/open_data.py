"""Miniatures of the open data sets."""

import shutil
from pathlib import Path

import numpy as np

from kinesics_paper.datasets import egogestar, mediapipe_pose_gestures, open_data
from kinesics_paper.datasets import uci_gesture_phase as phases
from kinesics_paper.datasets import uci_grammatical_facial_expressions as faces
from support.clips import write_video
from support.miniature import write_crema_d, write_gpt4v, write_shrec2022


def write_phases(folder: Path) -> Path:
    """Write seven streams of ten frames over the turn of a minute; one of them has another scale, one a byte-order mark."""
    (folder / "raw").mkdir(parents=True)
    header = ",".join(f"{joint}{axis}" for joint in ("lh", "rh", "h", "s", "lw", "rw") for axis in "xyz")
    labels = ["Rest"] * 2 + ["Preparation"] * 3 + ["Stroke"] * 4 + ["Rest"]
    for video in phases.VIDEOS:
        unit = 0.1 if video == "b3" else 1.0
        # left hand, right hand, head, spine, left wrist, right wrist; the person's right lies at greater x
        points = np.array([[4, 4], [6, 4], [5, 2], [5, 4], [4.1, 4], [5.9, 4]]) * unit
        row = ",".join(f"{x:g},{y:g},1.5" for x, y in points)
        lines = [f"{header},timestamp,phase"]
        for i, label in enumerate(labels):
            clock = 5759800 + 40 * i if i < 5 else 5800000 + 40 * (i - 5)
            lines.append(f"{row},{clock},{'Preparação' if video == 'b1' and i == 3 else label}")
        start = "\ufeff" if video == "b1" else ""
        (folder / f"raw/{video}_raw.csv").write_text(start + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_faces(folder: Path) -> Path:
    """Write 16 streams of 30 frames every 50 ms, with two expressions and a point without depth."""
    for name in ("datapoints", "targets"):
        (folder / name).mkdir(parents=True)
    points = [f"{point}{axis}" for point in range(100) for axis in "xyz"]
    for video in faces.VIDEOS:
        header = ["FrameId", *(["0.0"] if video == "a_emphasis" else []), *points]
        lines = [" ".join(header)]
        for i in range(30):
            millisecond = 800 + 50 * i
            row = [f"{320 + point % 10} {240 + point // 10} {0 if point == 7 else 900}" for point in range(100)]
            lines.append(" ".join([f"{1390385453 + millisecond // 1000}.{millisecond % 1000}", *row]))
        (folder / f"datapoints/{video}.txt").write_bytes("\r\n".join(lines).encode() + b"\r\n")
        targets = ["0"] * 10 + ["1"] * 5 + ["0"] * 5 + ["1"] * 10
        (folder / f"targets/{video}.txt").write_text("\r\n".join(targets))
    (folder / "targets/a_relative.txt").write_text("0")
    return folder


def write_poses(folder: Path) -> Path:
    """Write 33 streams of 12 frames every 40 ms, of which the last two have no time; jonas swipes the wrong way."""
    header = ",".join(mediapipe_pose_gestures.COLUMNS)
    for video, name in mediapipe_pose_gestures.FILES.items():
        label = "swipe_left" if video == "swipe_right_jonas" else video.rpartition("_")[0]
        lines = [header]
        for i in range(12):
            stamp = -1 if (video, i) == ("pinch_mamad", 0) else 40 * i if i < 10 else 0
            pose = ",".join(f"0.5,{point / 100:.2f},-0.1,{0.9 if point < 25 else 0.1}" for point in range(33))
            lines.append(f"{stamp},{pose},{label if 5 <= i < 8 else 'idle'}")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    return folder


def write_clips(folder: Path) -> Path:
    """Write 132 clips, one grey level per label, of 3 to 13 frames at 10 Hz."""
    folder.mkdir(parents=True)
    for k, label in enumerate((*egogestar.LABELS, egogestar.BACKGROUND)):
        frame = np.full((480, 640, 3), 20 * k + 10, np.uint8)
        first = write_video(folder / "first.mp4", [frame] * (3 + k), options={"movflags": "faststart"})
        for serial in egogestar.SERIALS:
            shutil.copyfile(first, folder / egogestar.clip_file(label, serial))
        first.unlink()
    return folder


def write_ipn(folder: Path) -> Path:
    """Write two videos of three segments, one for training and one for testing."""
    folder.mkdir(parents=True)
    (folder / "classIndAll.txt").write_text("1 D0X\n2 B0A\n3 G01")
    for name, video in (("trainlistall", "1CM1_1_R_#1"), ("vallistall", "4CM2_7_L_#2")):
        rows = [(1, 1, 30), (3, 31, 60), (2, 61, 75)]
        (folder / f"{name}.txt").write_text("\n".join(f"./frames/{video} {' '.join(map(str, row))}" for row in rows))
    return folder


WRITERS = {
    "uci-gesture-phase": write_phases,
    "uci-grammatical-facial-expressions": write_faces,
    "mediapipe-pose-gestures": write_poses,
    "egogestar": write_clips,
    "shrec2022": write_shrec2022,
    "ipn-hand": write_ipn,
    "crema-d": write_crema_d,
    "gpt4v-emotion": write_gpt4v,
}


def write_all(data: Path, out: Path) -> Path:
    """Write the tables of every data set."""
    for dataset in open_data.OPEN_DATASETS:
        open_data.write_tables(dataset, data / dataset, out / dataset)
    return out


def replace(path: Path, old: str, new: str, count: int = 1) -> None:
    """Replace a text that the file contains."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")
