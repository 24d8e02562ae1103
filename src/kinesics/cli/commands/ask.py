"""``kinesics ask``: prompt a vision-language model."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinesics.cli.options import add_data, assignment, count, folder_of, pixels, price, rate, seconds, seed
from kinesics.cli.outputs import check_outputs, check_writable
from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError

if TYPE_CHECKING:  # --help reads no table
    import pandas as pd


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path, nargs="*", help="videos, or images; before --labels and --tracks")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--endpoint", metavar="URL", help="address of an OpenAI-compatible server, with /v1")
    where.add_argument(
        "--weights",
        metavar="PATH",
        help="VideoLLaMA 3 on this machine: folder, or repository of the Hugging Face hub, such as "
        f"{ENCODERS['videollama3_2b']['weights']} (2 billion parameters: 8 GB, on a GPU 4)",
    )
    parser.add_argument("--model", metavar="NAME", help="which model of the endpoint")
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="LABEL",
        help="labels that may be answered, also separated by commas (with --detect, by default the manual's)",
    )
    parser.add_argument("--detect", action="store_true", help="ask for events and their times, not for ranked labels")
    parser.add_argument("--out", type=Path, metavar="CSV", help="ranked answers, or events; needed unless --dry-run")
    parser.add_argument("--dry-run", action="store_true", help="send nothing: print requests, tokens, cost and time")
    _add_prompt(parser.add_argument_group("the prompt"))
    _add_endpoint(parser.add_argument_group("the endpoint and its price"))
    add_data(parser)


def _add_prompt(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--window", type=seconds, metavar="S", help="cut videos into windows (with --detect: of 10 s)")
    group.add_argument(
        "--step", type=seconds, metavar="S", help="a window every S seconds (with --detect: half of one)"
    )
    group.add_argument(
        "--size", type=pixels, metavar="PIXELS", help="shrink images to this longer side (--detect: 512)"
    )
    group.add_argument("--detail", choices=["low", "high", "auto"], help="detail setting of OpenAI's models")
    group.add_argument(
        "--prompt",
        metavar="NAME",
        help="face, micro or evoked; of clips video, multi or text (default: face; video or multi)",
    )
    group.add_argument(
        "--words",
        type=Path,
        metavar="CSV",
        help="utterances in the clips: video, start_s, end_s, text; used by the prompts multi and text",
    )
    group.add_argument(
        "--batch", type=count, metavar="N", help="images or clips a request (default: that of the prompt)"
    )
    group.add_argument("--frames", type=count, metavar="N", help="frames a clip (default: 3)")
    group.add_argument("--seed", type=seed, help="of the order of the queries (default: 0)")
    group.add_argument("--rate", type=rate, metavar="HZ", help="with --detect: frames a second (default: 2)")
    group.add_argument(
        "--tracks",
        type=Path,
        nargs="+",
        metavar="TRACKS.parquet",
        help="with --detect: one a video; query each person",
    )
    group.add_argument(
        "--outcomes", type=Path, metavar="CSV", help="with --detect: also write the outcome of each window"
    )


def _add_endpoint(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--key-variable",
        default="OPENAI_API_KEY",
        metavar="NAME",
        help="environment variable that holds the key (default: %(default)s)",
    )
    group.add_argument("--requests-per-minute", type=seconds, metavar="N", help="send no more than these")
    group.add_argument("--tokens-per-minute", type=seconds, metavar="N", help="send no more than these")
    group.add_argument(
        "--parameter",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="further field of the requests; null leaves out temperature or max_tokens",
    )
    group.add_argument(
        "--price",
        type=price,
        nargs=2,
        metavar=("IN", "OUT"),
        help="USD a million tokens (default: known for some models)",
    )
    group.add_argument("--responses", type=Path, metavar="FOLDER", help="where responses are kept (default: in --data)")


@dataclass(frozen=True)
class Answers:
    """The outcome of every query, how many items a request has, and what a dry run prints about the prompt."""

    outcomes: "pd.Series"
    batch: int
    notes: dict[str, str]


def run(args: argparse.Namespace) -> None:
    from kinesics.vlm.cost_estimate import UsageTally

    data = folder_of(args)
    check_outputs([args.out, args.outcomes], [*args.video, *(args.tracks or [])])
    args.labels = _labels(args)
    _check_options(args)
    tally = UsageTally(args.model or "") if args.dry_run else None
    responses = args.responses or data / "responses"
    if not tally:
        check_writable(responses, folder=True)
    model, retries = _open_model(args, responses, tally)
    answers = (_ask_events if args.detect else _ask_labels)(args, model, retries)
    if tally:
        _print_estimate(args, tally, model, retries, answers)
    else:
        counts = ", ".join(f"{n} {name}" for name, n in answers.outcomes.value_counts().sort_index().items())
        print(f"{args.out}: {counts}; {model.sent} requests sent, {model.found} kept before, in {model.folder}")


def _labels(args: argparse.Namespace) -> list[str]:
    labels = [label.strip() for given in args.labels or [] for label in given.split(",")]
    if files := [label for label in labels if Path(label).suffix and Path(label).is_file()]:
        raise KinesicsError(f"label {files[0]!r} is a file: give videos first, or labels as in --labels=happy,sad")
    return labels


def _check_options(args: argparse.Namespace) -> None:
    """Raise KinesicsError for options that do not go together."""
    from kinesics.vlm.event_prompting import WINDOW_S

    if not args.video:
        raise KinesicsError("no video: give videos first, then --labels and what else is a list")
    if not (args.out or args.dry_run):
        raise KinesicsError("nothing to write to: give --out CSV, or --dry-run for what it would cost")
    for name in ("prompt", "words", "batch", "frames", "seed") if args.detect else ("rate", "tracks", "outcomes"):
        if getattr(args, name) is not None:
            raise KinesicsError(f"--{name} does not go with{'' if args.detect else 'out'} --detect")
    if args.step and args.step > (args.window or (WINDOW_S if args.detect else 0)):
        raise KinesicsError(f"a window every {args.step:g} s would leave gaps: give a --window that is as long")


def _limits(args: argparse.Namespace) -> dict[str, float | None]:
    return {"requests_a_minute": args.requests_per_minute, "tokens_a_minute": args.tokens_per_minute}


def _open_model(args: argparse.Namespace, responses: Path, tally: Any) -> tuple[Any, tuple[int, ...]]:
    """Return the model that is queried, and how often a request is repeated by size of its batch."""
    from kinesics.vlm import RETRIES_BY_SIZE
    from kinesics.vlm.local_model import open_videollama3
    from kinesics.vlm.openai_client import is_local, open_endpoint

    if args.weights:
        if args.model or args.parameter:
            raise KinesicsError("--model and --parameter are of an endpoint: give --weights alone")
        if args.batch not in (None, 1):
            raise KinesicsError(f"VideoLLaMA 3 takes one clip at a time: no batch of {args.batch}")
        args.batch = 1
        return open_videollama3(args.weights, responses, tally=tally), (1,)  # it outputs the same each time
    if not args.model:
        raise KinesicsError("which model of the endpoint? Give --model NAME")
    key, parameters = os.environ.get(args.key_variable, ""), dict(args.parameter)
    model = open_endpoint(
        args.endpoint, args.model, responses, key=key, parameters=parameters, tally=tally, **_limits(args)
    )
    if not (key or args.dry_run or is_local(args.endpoint)):
        raise KinesicsError(
            f"no key for {args.endpoint}: set the environment variable {args.key_variable}, to none if it needs none"
        )
    return model, RETRIES_BY_SIZE


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _ask_labels(args: argparse.Namespace, model: Any, retries: tuple[int, ...]) -> Answers:
    """Query ranked labels and write them unless in a dry run."""
    from kinesics.vlm import label_ranking

    if not args.labels:
        raise KinesicsError("nothing to rank: give --labels, as in --labels happy sad anger")
    items = [item for path in args.video for item in label_ranking.list_items(path, args.window, args.step)]
    words = label_ranking.read_words(args.words) if args.words else None
    prompt = label_ranking.choose_prompt(items, args.prompt, words, str(args.words))
    if args.weights and prompt["shows"] == "words":
        raise KinesicsError("VideoLLaMA 3 is asked about images: put --prompt text to an endpoint")
    batch = args.batch or int(prompt["batch"])
    shown = _given(frames=args.frames, size=args.size, detail=args.detail, seed=args.seed)
    table = label_ranking.rank_labels(
        items, args.labels, model, prompt=prompt["prompt"], words=words, batch=batch, tries=retries, **shown
    )
    if not args.dry_run:
        label_ranking.write_answers(table, args.out)
    notes = {"prompt": f"{prompt['prompt']}, {batch} {prompt['item']}s a request"}
    if words is not None:
        spoken = sum(label_ranking.text_of_item(words, item) != label_ranking.SILENCE for item in items)
        notes["words"] = f"of {spoken} of {len(items)} clips"
    return Answers(table["outcome"], batch, notes)


def _ask_events(args: argparse.Namespace, model: Any, retries: tuple[int, ...]) -> Answers:
    """Query events and write them unless in a dry run."""
    import pandas as pd

    from kinesics.io.files import replacing
    from kinesics.structures.events import write_events_csv
    from kinesics.structures.vocabulary import LABELS
    from kinesics.vlm.event_prompting import prompt_events

    tracks = args.tracks or [None] * len(args.video)
    if len(tracks) != len(args.video):
        raise KinesicsError(f"{len(tracks)} tracks for {len(args.video)} videos: give one for each, in the same order")
    shown = _given(window_s=args.window, step_s=args.step, rate_hz=args.rate, size=args.size, detail=args.detail)
    labels = args.labels or list(LABELS.index)
    found = [
        prompt_events(path, labels, model, tracks=track, tries=retries, **shown)
        for path, track in zip(args.video, tracks, strict=True)
    ]
    events, windows = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
    if not args.dry_run:
        if args.outcomes:
            with replacing(args.outcomes) as temporary:
                windows.to_csv(temporary, index=False, lineterminator="\n", float_format="%.3f")
        write_events_csv(events, args.out)
    return Answers(windows["outcome"], 1, {"prompt": "events, 1 window a request"})


def _print_estimate(
    args: argparse.Namespace, tally: Any, model: Any, retries: tuple[int, ...], answers: Answers
) -> None:
    """Print what the run would cost."""
    from kinesics.vlm import max_requests
    from kinesics.vlm.cost_estimate import format_estimate
    from kinesics.vlm.openai_client import max_tokens

    notes = dict(answers.notes)
    if args.weights and not model.identity["weights"]:
        notes["weights"] = f"{args.weights} is not on this machine: what it answered before is not known"
    most = max_requests(int((answers.outcomes == "pending").sum()), answers.batch, retries), max_tokens(model.identity)
    cost = args.price or ((0, 0) if args.weights else None)
    print(format_estimate(tally, model.identity["model"], model.found, *most, cost, notes, **_limits(args)), end="")
