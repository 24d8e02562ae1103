"""Miniatures of the benchmarks in the layout of their authors: clips of one second, 10 frames, and their annotation."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.io import savemat

from kinesics_paper.datasets.thumos14 import CLASSES
from support.miniature import write_crema_d

Put = Callable[[str], None]  # writes a video, or a folder of images, at a path below the benchmark's folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def dfew(folder: Path, video: Put, images: Put) -> None:
    for fold in "12345":
        write(folder / f"EmoLabel_DataSplit/train(single-labeled)/set_{fold}.csv", "video_name,label\n1,1\n2,4\n")
        write(folder / f"EmoLabel_DataSplit/test(single-labeled)/set_{fold}.csv", "video_name,label\n3,7\n")
    for number in "12":
        video(f"Clip/original/{number}.mp4")
    images("Clip/jpg_256/00003")


def ferv39k(folder: Path, video: Put, images: Put) -> None:
    write(folder / "4_setups/All_scenes/train_All.csv", "Action/Angry/0001 Angry\nWar/Fear/0001 Fear\n")
    write(folder / "4_setups/All_scenes/test_All.csv", "Daily/Happy/0001 Happy\n")
    for name in ("Action/Angry/0001", "War/Fear/0001", "Daily/Happy/0001"):
        images(f"2_ClipsforFaceCrop/{name}")


def mafw(folder: Path, video: Put, images: Put) -> None:
    for fold in "12345":
        write(folder / f"split/single/no_caption/set_{fold}/train.txt", "00001.mp4 anger\n00002.mp4 helplessness\n")
        write(folder / f"split/single/no_caption/set_{fold}/test.txt", "00003.mp4 contempt\n")
    for number in (1, 2, 3):
        video(f"data/clips/{number:05}.mp4")


def mer2023(folder: Path, video: Put, images: Put) -> None:
    write(folder / "mer2023train/train-label.csv", "name,discrete,valence\nsample_1,worried,-1.5\nsample_2,happy,2\n")
    for name in ("sample_1", "sample_2"):
        video(f"mer2023train/train/{name}.avi")
    for number in (1, 2, 3):
        write(folder / f"test-labels/test{number}-label.csv", f"name,discrete,valence\ntest_{number},sad,-2\n")
        video(f"test{number}/test_{number}.avi")


def mer2025(folder: Path, video: Put, images: Put) -> None:
    rows = "".join(f"samplenew_{number},{('happy', 'sad')[number % 2]},1\n" for number in range(10))
    write(folder / "track1_train_disdim.csv", "name,discrete,valence\n" + rows)
    for number in range(10):
        video(f"video/samplenew_{number}.mp4")


def meld(folder: Path, video: Put, images: Put) -> None:
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    row = '1,"Oh, no.",Joey,{},negative,0,{},8,21,"00:16:16,059","00:16:21,731"\n'
    rows = {"train": row.format("sadness", 0) + row.format("joy", 1), "dev": row.format("neutral", 0)}
    rows["dev"] += '2,"Broken, as it is.",Ross,fear,negative,110,7,8,21,"00:16:16,059","00:16:21,731"\n'  # has no clip
    rows["test"] = row.format("anger", 0)
    places = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
    for part, text in rows.items():
        inner = f"{part}/" if part == "train" else ""
        write(folder / f"MELD.Raw/{inner}{part}_sent_emo.csv", header + text)
        video(f"MELD.Raw/{part}/{places[part]}/dia0_utt0.mp4")
    video("MELD.Raw/train/train_splits/dia0_utt1.mp4")


def ravdess(folder: Path, video: Put, images: Put) -> None:
    for actor in range(1, 25):
        for emotion in range(1, 9):
            for rest in range(8):
                intensity, sentence, repetition = rest // 4 + 1, rest // 2 % 2 + 1, rest % 2 + 1
                if emotion > 1 or intensity == 1:
                    name = f"01-01-0{emotion}-0{intensity}-0{sentence}-0{repetition}-{actor:02}"
                    video(f"Actor_{actor:02}/{name}.mp4")


def crema_d(folder: Path, video: Put, images: Put) -> None:
    write_crema_d(folder)
    for actor in ("1001", "1002"):
        for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"):
            video(f"VideoFlash/{actor}_IEO_{emotion}_XX.flv")


def aff_wild2(folder: Path, video: Put, images: Put) -> None:
    place = "6th ABAW Annotations/EXPR_Recognition_Challenge"
    header = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other\n"
    write(folder / place / "Train_Set/1-30-1280x720.txt", header + "0\n" * 4 + "-1\n" * 2 + "4\n" * 4)
    write(folder / place / "Validation_Set/video59_right.txt", header + "1\n" * 10)
    video("batch1/1-30-1280x720.mp4")
    video("batch2/video59.avi")


def ipn_hand(folder: Path, video: Put, images: Put) -> None:
    write(folder / "classIndAll.txt", "1 D0X\n2 B0A\n3 G01")
    for name, clip in (("trainlistall", "1CM1_1_R_#1"), ("vallistall", "4CM2_7_L_#2")):
        rows = [(1, 1, 30), (3, 31, 60), (2, 61, 75)]
        write(folder / f"{name}.txt", "\n".join(f"./frames/{clip} {' '.join(map(str, row))}" for row in rows))
        video(f"videos/{clip}.avi")


def imigue(folder: Path, video: Put, images: Put) -> None:
    write(folder / "imigue_skeleton_train/0001/0001_label.csv", "1,0,4\n99,6,9\n")
    write(folder / "imigue_skeleton_validate/0002/0002_label.csv", "31,2,3\n")
    video("imigue_rgb_train/0001.mp4")
    video("imigue_rgb_validate/0002.mp4")


def smg(folder: Path, video: Put, images: Put) -> None:
    for number in (1, 36):
        name = f"Sample{number:04}"
        write(folder / name / f"{name}_finelabels.csv", "2,1,5\n17,6,10\n")
        video(f"{name}/{name}_color.mp4")


def jester(folder: Path, video: Put, images: Put) -> None:
    labels = ["Swiping Left", "No gesture", *(f"Gesture {number}" for number in range(25))]
    write(folder / "jester-v1-labels.csv", "\n".join(labels))
    write(folder / "jester-v1-train.csv", "34870;Swiping Left\n56557;No gesture\n")
    write(folder / "jester-v1-validation.csv", "9223;Swiping Left\n")
    for number in (34870, 56557, 9223):
        images(f"20bn-jester-v1/{number}")


def congd(folder: Path, video: Put, images: Put) -> None:
    write(folder / "ConGD_labels/train.txt", "001/00001 1,4:80 5,10:249\n001/00002 1,10:1\n")
    write(folder / "ConGD_labels/valid.txt", "001/00001 3,7:80\n")
    for name in ("train/001/00001", "train/001/00002", "valid/001/00001"):
        video(f"ConGD_phase_1/{name}.M.avi")


def thumos14(folder: Path, video: Put, images: Put) -> None:
    for part, place, ending in (
        ("validation", "TH14_Temporal_annotations_validation/annotation", "val"),
        ("test", "TH14_Temporal_Annotations_Test/annotations/annotation", "test"),
    ):
        for label in CLASSES:
            number = 1 if label != "Diving" else 2
            write(folder / place / f"{label}_{ending}.txt", f"video_{part}_{number:07}  0.20 0.70\n")
            video(f"{part}/video_{part}_{number:07}.mp4")
        write(folder / place / f"Ambiguous_{ending}.txt", f"video_{part}_0000002 0.8 0.9\n")
    with (folder / "TH14_Temporal_Annotations_Test/annotations/annotation/Ambiguous_test.txt").open("a") as file:
        file.write("video_test_0001292 1.0 2.0\n")  # left out, and not there


def fineaction(folder: Path, video: Put, images: Put) -> None:
    entry = {"duration": 1.0, "fps": 10.0}
    database = {
        "v_1": entry | {"subset": "training", "annotations": [{"label": "cut hair", "segment": [0.1, 0.6]}]},
        "v_2": entry | {"subset": "validation", "annotations": [{"label": "cut hair", "segment": [0.5, 1.4]}]},
        "v_3": entry | {"subset": "testing", "annotations": []},
    }
    write(folder / "annotations_gt.json", json.dumps({"version": "1.0", "database": database}))
    for name in ("v_1", "v_2"):
        video(f"videos/{name}.mp4")


def ava(folder: Path, video: Put, images: Put) -> None:
    listed = (("bend/bow (at the waist)", 1), ("stand", 12))
    items = "".join(f'item {{\n  name: "{name}"\n  id: {number}\n}}\n' for name, number in listed)
    write(folder / "ava_action_list_v2.2_for_activitynet_2019.pbtxt", items)
    rows = {"train": [], "val": []}
    for second in (902, 903, 905):
        rows["train"].append(f"film_a,{second:04},0.1,0.2,0.5,0.8,12,0")
        rows["train"].append(f"film_a,{second:04},0.1,0.2,0.5,0.8,2,0")  # an action that is not scored
    rows["val"] += ["film_b,0950,0.0,0.0,1.0,1.0,1,7", "film_b,0951,,,,,,"]
    for part, found in rows.items():
        write(folder / f"ava_{part}_v2.2.csv", "\n".join(found) + "\n")
        write(folder / f"ava_{part}_excluded_timestamps_v2.2.csv", "film_b,0960\n")
    write(folder / "ava_file_names_trainval_v2.1.txt", "film_a.mp4\nfilm_b.mkv\n")
    video("trainval/film_a.mp4")
    video("trainval/film_b.mkv")


def ucf101_24(folder: Path, video: Put, images: Put) -> None:
    rows = []
    for name, kind in (("Basketball/v_Basketball_g01_c01", 1), ("Skijet/v_Skijet_g08_c01", 18)):
        boxes = np.tile([32.0, 24.0, 160.0, 120.0], (4, 1))
        tube = np.empty((1, 1), [(key, object) for key in ("ef", "sf", "class", "boxes")])
        tube[0, 0] = (np.array([[6]]), np.array([[3]]), np.array([[kind]]), boxes)
        rows.append((np.array([[10]]), name, tube))
        video(f"UCF-101/{name}.avi")
    annot = np.empty((1, 2), [(key, object) for key in ("num_imgs", "name", "tubes")])
    annot[0] = rows
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "finalAnnots.mat", {"annot": annot})
    write(folder / "testlist01.txt", "Basketball/v_Basketball_g01_c01.avi\n")


LAYOUTS: dict[str, Callable[[Path, Put, Put], None]] = {
    "dfew": dfew,
    "ferv39k": ferv39k,
    "mafw": mafw,
    "mer2023": mer2023,
    "mer2025": mer2025,
    "meld": meld,
    "ravdess": ravdess,
    "crema-d": crema_d,
    "aff-wild2": aff_wild2,
    "ipn-hand": ipn_hand,
    "imigue": imigue,
    "smg": smg,
    "jester": jester,
    "congd": congd,
    "thumos14": thumos14,
    "fineaction": fineaction,
    "ava": ava,
    "ucf101-24": ucf101_24,
}


def write_benchmark(name: str, folder: Path, clip: Path, image: Path) -> Path:
    """Write the miniature of a benchmark, its videos copies of a clip and its images of an image."""

    def write_video(path: str) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clip, folder / path)

    def write_images(path: str) -> None:
        (folder / path).mkdir(parents=True)
        for number in range(1, 26):
            shutil.copyfile(image, folder / path / f"{number:05}.jpg")

    LAYOUTS[name](folder, write_video, write_images)
    return folder
