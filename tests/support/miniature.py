"""Small files in the form of the public data, for tests that run without them."""

import csv
from pathlib import Path

from kinesics_paper.datasets.gpt4v_emotion import read_sets
from kinesics_paper.datasets.shrec2022 import CLASSES, RUNS, TRUTH

CREMA_D_HEADER = '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"'


def write_answers(path: Path, rows: list[list[str]]) -> None:
    """Write one file of GPT-4V's answers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["name", "gt", "gpt4v"], *rows])


def write_gpt4v(folder: Path) -> Path:
    """Write 12 samples per file, of which the first answer is right in every third; one more was never answered."""
    for row in read_sets():
        classes = row["classes"].split()
        samples, labels = [], []
        for i in range(12):
            truth = classes[i % len(classes)]
            answers = classes[i % len(classes) :] + classes[: i % len(classes)]
            if i % 3:
                answers = answers[1:] + answers[:1]
            label = truth if not row["zero"] else {"positive": "1.4", "negative": "-0.2"}[truth]
            samples.append([f"s{i}", label, ",".join(answers)])
            labels.append([f"s{i}.jpg", label, ""])
        write_answers(folder / "results" / row["answers"], samples)
        write_answers(folder / "results" / row["labels"], [*labels, ["never answered", labels[0][1], ""]])
    return folder


def write_shrec2022(folder: Path) -> Path:
    """Write two sequences of eight gestures; every run detects those of the first sequence and one WAVE that is none."""
    lines = [
        ";".join(f"{label};{100 * i};{100 * i + 40}" for i, label in enumerate(part))
        for part in (CLASSES[:8], CLASSES[8:])
    ]
    detections = ";".join(f"{label};{100 * i + 2};{100 * i + 40};{100 * i + 9}" for i, label in enumerate(CLASSES[:8]))
    (folder / "participants_results").mkdir(parents=True)
    (folder / TRUTH).write_text(f"1;{lines[0]};\n2;{lines[1]};\n")
    for run in RUNS:
        (folder / "participants_results" / f"{run}.txt").write_text(f"1;{detections};\r\n2;WAVE;900;940;910")
    return folder


def crema_d_line(number: str, votes: list[int], clip: str, most: str) -> str:
    """Return one row of CREMA-D's table of votes."""
    return ",".join([number, *map(str, votes), clip, str(sum(votes)), "0.5", most])


def write_crema_d(folder: Path) -> Path:
    """Write two actors and six emotions: by face 3 of 4 votes are right, by voice and by both 1 of 4."""
    rows = [CREMA_D_HEADER]
    for modality in "123":
        for i, code in enumerate(["ANG", "DIS", "FEA", "HAP", "NEU", "SAD"]):
            for actor in ("1001", "1002"):
                votes = [0] * 6
                votes[i], votes[(i + 1) % 6] = (3, 1) if modality == "2" else (1, 3)
                most = "ADFHNS"[i if modality == "2" else (i + 1) % 6]
                rows.append(crema_d_line(f"{modality}0{i:02}{actor[-2:]}", votes, f"{actor}_IEO_{code}_XX", most))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tabulatedVotes.csv").write_text("\n".join(rows) + "\n")
    return folder
