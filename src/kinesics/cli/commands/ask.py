"""``kinesics ask``: prompt a vision-language model."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinesics.cli.options import add_data, add_reading, assignment, count, folder_of, pixels, price, rate, seconds, seed
from kinesics.cli.outputs import check_outputs, check_writable
from kinesics.encoders.registry import ENCODERS
from kinesics.errors import KinesicsError

if TYPE_CHECKING:  # --help imports neither tables nor clients
    import pandas as pd

    from kinesics.media.streams import ReadOptions
    from kinesics.vlm.base import RateLimits, VisionLanguageModel
    from kinesics.vlm.cost_estimate import UsageCounts


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
    parser.add_argument("--model", metavar="NAME", help="name of the model at the endpoint")
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="LABEL",
        help="labels to choose from, also separated by commas (with --detect, by default the manual's)",
    )
    parser.add_argument("--detect", action="store_true", help="ask for events and their times, not for ranked labels")
    parser.add_argument("--out", type=Path, metavar="CSV", help="ranked answers, or events; needed unless --dry-run")
    parser.add_argument("--dry-run", action="store_true", help="send nothing: print requests, tokens, cost and time")
    _add_prompt(parser.add_argument_group("the prompt"))
    _add_endpoint(parser.add_argument_group("the endpoint and its price"))
    add_reading(parser, "video")
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
        "--batch", type=count, metavar="N", help="images or clips per request (default: that of the prompt)"
    )
    group.add_argument("--frames", type=count, metavar="N", help="frames per clip (default: 3)")
    group.add_argument("--seed", type=seed, help="of the order of the queries (default: 0)")
    group.add_argument("--rate", type=rate, metavar="HZ", help="with --detect: frames per second (default: 2)")
    group.add_argument(
        "--tracks",
        type=Path,
        nargs="+",
        metavar="TRACKS.parquet",
        help="with --detect: one file per video; query each person",
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
        help="USD per million tokens, in and out (default: known for some models)",
    )
    group.add_argument("--responses", type=Path, metavar="FOLDER", help="where responses are kept (default: in --data)")


@dataclass(frozen=True)
class _Model:
    """The model that is queried, how often a request is sent by the size of its batch, and what a dry run counts."""

    answer: "VisionLanguageModel"
    attempts: tuple[int, ...]
    counts: "UsageCounts | None"


@dataclass(frozen=True)
class _Answers:
    """The outcome of every query, how many items a request has, and what a dry run prints about the prompt."""

    outcomes: "pd.Series"
    batch: int
    notes: dict[str, str]


def run(args: argparse.Namespace) -> None:
    from kinesics.vlm.batching import TOO_LARGE

    data = folder_of(args)
    check_outputs([args.out, args.outcomes], [*args.video, *(args.tracks or [])])
    args.labels = _labels(args)
    _check_options(args)
    responses = args.responses or data / "responses"
    if not args.dry_run:
        check_writable(responses, folder=True)
    model = _open_model(args, responses)
    answers = (_detect_events if args.detect else _rank_labels)(args, model)
    if model.counts:
        _print_estimate(args, model, answers)
    else:
        if too_large := int((answers.outcomes == TOO_LARGE).sum()):
            print(
                f"kinesics: {too_large} requests about one item are too large for {args.endpoint or 'the model'}, or for a "
                "proxy before it: give a smaller --size, or fewer frames",
                file=sys.stderr,
            )
        outcomes = ", ".join(f"{n} {name}" for name, n in answers.outcomes.value_counts().sort_index().items())
        queried = model.answer
        print(
            f"{args.out}: {outcomes}; {queried.sent} requests sent, {queried.cached} kept before, in {queried.folder}"
        )


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


def _limits(args: argparse.Namespace) -> "RateLimits":
    from kinesics.vlm.base import RateLimits

    return RateLimits(args.requests_per_minute, args.tokens_per_minute)


def _open_model(args: argparse.Namespace, responses: Path) -> _Model:
    """Return the model that is queried; a dry run sends nothing."""
    from kinesics.vlm.cost_estimate import UsageCounts

    counts = UsageCounts(args.model or "") if args.dry_run else None
    if args.weights:
        return _open_local(args, responses, counts)
    return _open_remote(args, responses, counts)


def _open_local(args: argparse.Namespace, responses: Path, counts: "UsageCounts | None") -> _Model:
    from kinesics.vlm.local_model import open_videollama3

    if args.model or args.parameter:
        raise KinesicsError("--model and --parameter are of an endpoint: give --weights alone")
    if args.batch not in (None, 1):
        raise KinesicsError(f"VideoLLaMA 3 takes one clip at a time: no batch of {args.batch}")
    args.batch = 1
    return _Model(open_videollama3(args.weights, responses, counts=counts), (1,), counts)  # repeats output the same


def _open_remote(args: argparse.Namespace, responses: Path, counts: "UsageCounts | None") -> _Model:
    from kinesics.vlm.batching import ATTEMPTS_BY_SIZE
    from kinesics.vlm.openai_client import is_local, open_endpoint

    if not args.model:
        raise KinesicsError("which model of the endpoint? Give --model NAME")
    key, parameters = os.environ.get(args.key_variable, ""), dict(args.parameter)
    model = open_endpoint(
        args.endpoint, args.model, responses, key=key, parameters=parameters, limits=_limits(args), counts=counts
    )
    if not (key or args.dry_run or is_local(args.endpoint)):
        raise KinesicsError(
            f"no key for {args.endpoint}: set the environment variable {args.key_variable}, to none if it needs none"
        )
    return _Model(model, ATTEMPTS_BY_SIZE, counts)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _read_options(args: argparse.Namespace) -> "ReadOptions":
    from kinesics.media.streams import ReadOptions

    return ReadOptions(args.video_stream, None, args.accept_damaged)


def _rank_labels(args: argparse.Namespace, model: _Model) -> _Answers:
    """Query ranked labels and write them unless in a dry run."""
    from kinesics.api import check_video
    from kinesics.vlm import label_ranking

    options = _read_options(args)
    if not args.labels:
        raise KinesicsError("nothing to rank: give --labels, as in --labels happy sad anger")
    items = [item for path in args.video for item in label_ranking.list_items(path, args.window, args.step, options)]
    for path in {item.path: None for item in items if item.kind == "video"}:
        check_video(path, options)
    utterances = label_ranking.read_utterances(args.words) if args.words else None
    prompt = label_ranking.choose_prompt(items, args.prompt, utterances, str(args.words))
    if args.weights and prompt["shows"] == "text":
        raise KinesicsError("VideoLLaMA 3 takes images: give --prompt text with an endpoint")
    batch = args.batch or int(prompt["batch"])
    settings = _given(frames=args.frames, size=args.size, detail=args.detail, seed=args.seed)
    table = label_ranking.rank_labels(
        items,
        args.labels,
        model.answer,
        prompt=prompt["prompt"],
        utterances=utterances,
        batch=batch,
        attempts=model.attempts,
        options=options,
        **settings,
    )
    if not args.dry_run:
        label_ranking.write_rankings(table, args.out)
    notes = {"prompt": f"{prompt['prompt']}, {batch} {prompt['item']}s per request"}
    if utterances is not None:
        spoken = sum(label_ranking.spoken_text(utterances, item) != label_ranking.SILENCE for item in items)
        notes["words"] = f"of {spoken} of {len(items)} clips"
    return _Answers(table["outcome"], batch, notes)


def _detect_events(args: argparse.Namespace, model: _Model) -> _Answers:
    """Query events and write them unless in a dry run."""
    import pandas as pd

    from kinesics.api import check_video
    from kinesics.io.files import replacing
    from kinesics.io.names import video_name
    from kinesics.structures.events import write_events_csv
    from kinesics.structures.vocabulary import LABELS
    from kinesics.vlm.event_prompting import prompt_events

    options = _read_options(args)
    tracks = args.tracks or [None] * len(args.video)
    if len(tracks) != len(args.video):
        raise KinesicsError(f"{len(tracks)} tracks for {len(args.video)} videos: give one for each, in the same order")
    for path in args.video:  # all are checked before the first is queried
        video_name(path)
        check_video(path, options)
    settings = _given(window_s=args.window, step_s=args.step, rate_hz=args.rate, size=args.size, detail=args.detail)
    labels = args.labels or list(LABELS.index)
    results = [
        prompt_events(path, labels, model.answer, tracks=track, attempts=model.attempts, options=options, **settings)
        for path, track in zip(args.video, tracks, strict=True)
    ]
    events, windows = (pd.concat(tables, ignore_index=True) for tables in zip(*results, strict=True))
    if not args.dry_run:
        if args.outcomes:
            with replacing(args.outcomes) as temporary:
                windows.to_csv(temporary, index=False, lineterminator="\n", float_format="%.3f")
        write_events_csv(events, args.out)
    return _Answers(windows["outcome"], 1, {"prompt": "events, 1 window per request"})


def _print_estimate(args: argparse.Namespace, model: _Model, answers: _Answers) -> None:
    """Print what the run would cost."""
    from kinesics.vlm.batching import max_requests
    from kinesics.vlm.cost_estimate import format_estimate
    from kinesics.vlm.openai_client import max_answer_tokens

    identity, notes = model.answer.identity, dict(answers.notes)
    if args.weights and not identity["weights"]:
        notes["weights"] = f"{args.weights} is not on this machine: what it answered before is not known"
    text = format_estimate(
        model.counts,
        identity["model"],
        cached=model.answer.cached,
        max_requests=max_requests(int((answers.outcomes == "pending").sum()), answers.batch, model.attempts),
        max_tokens=max_answer_tokens(identity),
        price=args.price or ((0, 0) if args.weights else None),
        notes=notes,
        limits=_limits(args),
    )
    print(text, end="")
