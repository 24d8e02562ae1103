"""Record what the released package envisionhgdetector 3.0.8 (its CNN detector) gives on video clips.

Own driver, nothing of the package is copied or changed: the package's public entry point
`GestureDetector(model_type="cnn").predict_video(path)` is run with its default parameters, and two
calls are observed from outside while it runs:
  * mediapipe's `Holistic.process`  -> pose world landmarks of every frame the package processed,
    the frames without a detected pose included (the package itself drops those);
  * the detector's `model.predict`  -> the network's raw outputs per window.

How to run (Linux x86-64, Python 3.11; no GPU, no network at run time):
    python3.11 -m venv venv
    venv/bin/pip install -r requirements.txt
    venv/bin/python record.py CLIP.mp4 [CLIP2.mp4 ...] --out recorded
Every clip is run in a process of its own, so that its peak memory is its own.

Written per clip into --out (NAME = file name without extension):
NAME.npz  (no pickle; numpy.load(..., allow_pickle=False))
  fps_container      ()        float64  frames/s as OpenCV reports it (not used by the package for times)
  frames_container   ()        int64    frame count as OpenCV reports it
  pose_frame         (F,)      int32    0-based index in the file of every frame given to MediaPipe
  pose_world         (F,33,4)  float32  pose world landmarks x, y, z (m, hip centre origin), visibility
                                        (0..1); NaN where MediaPipe found no pose
  features           (T,92)    float32  the package's features, detected frames only (T <= F);
                                        the values are float32 by origin, nothing is lost
  timestamps         (T,)      float64  the package's own time of each feature row, s
  raw                (W,3)     float32  network output per window: has_motion, Gesture, Move; W = T-24
  time               (W,)      float64  the package's time of each window, s
  no_gesture, gesture, move  (W,) float64  the package's confidences
  label              (W,)      uint8    0 NoGesture, 1 Gesture, 2 Move
  seg_start, seg_end (S,)      float64  the package's final segments, s (package's clock)
  seg_label          (S,)      uint8    as label
  motion_threshold, gesture_threshold, min_gap_s, min_length_s, gesture_class_bias, stride  () float64
NAME_segments.csv    the package's segment table as it came (start_time, end_time, labelid, label, duration)
NAME_run.json        timing, peak memory, versions, sha256 of the clip and of the weights
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

LABELS = ("NoGesture", "Gesture", "Move")


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def record(clip: Path, out: Path, threads: int) -> None:
    """Run the released detector on one clip and write its files."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    t0 = time.perf_counter()
    import cv2
    import mediapipe as mp
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    cv2.setNumThreads(threads)
    from importlib.metadata import version

    from envisionhgdetector import GestureDetector

    import_s = time.perf_counter() - t0

    poses: list = []
    spent = {"mediapipe_s": 0.0, "network_s": 0.0}
    raw: list = []

    holistic = mp.solutions.holistic.Holistic
    process = holistic.process

    def watched_process(self, image):
        t = time.perf_counter()
        results = process(self, image)
        spent["mediapipe_s"] += time.perf_counter() - t
        found = results.pose_world_landmarks
        if found:
            poses.append([[p.x, p.y, p.z, p.visibility] for p in found.landmark])
        else:
            poses.append([[np.nan] * 4] * 33)
        return results

    holistic.process = watched_process

    detector = GestureDetector(model_type="cnn")
    predict = detector.model.predict

    def watched_predict(windows):
        t = time.perf_counter()
        outputs = predict(windows)
        spent["network_s"] += time.perf_counter() - t
        raw.append(np.asarray(outputs))
        return outputs

    detector.model.predict = watched_predict

    t0 = time.perf_counter()
    stride = 1
    answer = detector.predict_video(str(clip), stride=stride)
    total_s = time.perf_counter() - t0
    table, stats, segments, features = answer[:4]
    timestamps = answer[4] if len(answer) > 4 else []

    capture = cv2.VideoCapture(str(clip))
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    step = max(1, round(fps / 25)) if fps > 0 else 1

    pose_world = np.asarray(poses, dtype=np.float32).reshape(-1, 33, 4)
    wide = np.asarray(features, dtype=np.float64).reshape(-1, 92)
    narrow = wide.astype(np.float32)
    assert np.array_equal(narrow.astype(np.float64), wide)
    column = lambda name: np.asarray(table[name], np.float64) if len(table) else np.empty(0)
    number = lambda values: np.asarray([LABELS.index(v) for v in values], dtype=np.uint8)
    raw_array = np.concatenate(raw) if raw else np.empty((0, 3), np.float32)
    assert raw_array.dtype == np.float32
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out / f"{clip.stem}.npz",
        fps_container=np.float64(fps),
        frames_container=np.int64(frames),
        pose_frame=(np.arange(len(pose_world)) * step).astype(np.int32),
        pose_world=pose_world,
        features=narrow,
        timestamps=np.asarray(timestamps, dtype=np.float64),
        raw=raw_array,
        time=column("time"),
        no_gesture=column("NoGesture_confidence"),
        gesture=column("Gesture_confidence"),
        move=column("Move_confidence"),
        label=number(table["label"]) if len(table) else np.empty(0, np.uint8),
        seg_start=np.asarray(segments["start_time"], np.float64) if len(segments) else np.empty(0),
        seg_end=np.asarray(segments["end_time"], np.float64) if len(segments) else np.empty(0),
        seg_label=number(segments["label"]) if len(segments) else np.empty(0, np.uint8),
        stride=np.float64(stride),
        **{name: np.float64(value) for name, value in detector.params.items()},
    )
    segments.to_csv(out / f"{clip.stem}_segments.csv", index=False)
    run = {
        "clip": clip.name,
        "clip_sha256": sha256(clip),
        "weights_sha256": sha256(detector.config.weights_path),
        "fps_container": fps,
        "frames_container": frames,
        "frames_processed": len(pose_world),
        "frames_with_pose": len(narrow),
        "windows": len(raw_array),
        "segments": len(segments),
        "parameters": {**detector.params, "stride": stride},
        "stats": stats,
        "import_s": round(import_s, 2),
        "predict_video_s": round(total_s, 2),
        "mediapipe_s": round(spent["mediapipe_s"], 2),
        "network_s": round(spent["network_s"], 2),
        "frames_per_s": round(len(pose_world) / total_s, 2),
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "threads_asked_of_tensorflow_and_opencv": threads,
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {
            name: version(name)
            for name in ("envisionhgdetector", "tensorflow-cpu", "keras", "mediapipe", "numpy", "pandas")
        },
        "opencv": cv2.__version__,
    }
    (out / f"{clip.stem}_run.json").write_text(json.dumps(run, indent=1) + "\n")
    print(json.dumps(run, indent=1))
    print(segments.to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("recorded"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        record(args.clips[0], args.out, args.threads)
        return
    for clip in args.clips:
        command = [sys.executable, __file__, str(clip), "--out", str(args.out), "--threads", str(args.threads), "--one"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
