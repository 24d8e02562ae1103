"""The command ``kinesics``: fetch, track, encode, detect, ask and score, on one's own videos too; film the stage; plan."""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import kinesics
from kinesics.detectors.registry import DETECTORS, encoders_of, learns
from kinesics.detectors.registry import detector as detector_module
from kinesics.encoders.registry import ENCODERS, check_encoder, family
from kinesics.errors import KinesicsError
from kinesics.io import downloads
from kinesics.io.files import is_stream
from kinesics.structures.truth_files import truth_files
from kinesics.synthetic.script import LONGEST_VIDEO_S, SHORTEST_VIDEO_S

RATE_HZ, PEOPLE = 10.0, 4  # of tracking, unless told otherwise
SHORTEST_S = 0.04  # of windows and steps: about a frame


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for bad input (one line on stderr), 2 for bad usage."""
    options = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    try:
        _refuse_bad_outputs(options)
        options.run(options)
    except KinesicsError as error:
        print(f"kinesics: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output left, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            print(f"kinesics: {error.filename or 'the disk'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("kinesics: the memory does not suffice: give less at once, or end other programs", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kinesics: interrupted; nothing half-written was kept", file=sys.stderr)
        return 130
    return 0


def _terminated(number: int, frame: object) -> None:
    """End as if by an error, so that temporary files are deleted."""
    print("kinesics: terminated; nothing half-written was kept", file=sys.stderr)
    raise SystemExit(128 + number)


def _refuse_bad_outputs(options: argparse.Namespace) -> None:
    """Raise KinesicsError if a file that is to be written is also read, is to be written twice, or cannot be written."""
    given = vars(options)
    if given.get("data") and given["data"].exists() and not given["data"].is_dir():
        raise KinesicsError(f"--data {given['data']} is no folder: give the one where downloaded files lie")
    written = [given[name] for name in ("out", "tubes", "json", "outcomes") if given.get(name)]
    if given.get("folder"):
        _refuse_closed(given["folder"], folder=True)
        written += _stage_files(options).values()
    read = [given.get("model"), given.get("cache"), given.get("config")]
    for name in ("video", "tracks", "truth", "predicted", "tubes_truth", "tubes_predicted", "compare", "tubes_compare"):
        value = given.get(name) or []
        for entry in value if isinstance(value, list) else [value]:
            read += entry if isinstance(entry, list) else [entry]
    for number, path in enumerate(written):
        if path.resolve() in {other.resolve() for other in [*read, *written[:number]] if isinstance(other, Path)}:
            raise KinesicsError(f"{path} would be overwritten: give another name for what is written")
        _refuse_closed(path)
    if given.get("cache"):
        _refuse_closed(given["cache"])


def _refuse_closed(path: Path, folder: bool = False) -> None:
    """Raise KinesicsError unless a file, or a folder, of that name could be written."""
    if folder and path.exists() and not path.is_dir():
        raise KinesicsError(f"{path} is a file: give the name of a folder")
    if is_stream(path):
        raise KinesicsError(f"{path} is a device or a pipe: give the path of a file")
    if path.is_dir() and not folder:
        raise KinesicsError(f"{path} is a folder: give the name of a file")
    there = next(place for place in [*([path] if folder else []), *path.absolute().parents] if place.exists())
    if not there.is_dir():
        raise KinesicsError(f"{path} cannot be written: {there} is no folder")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError:
        raise KinesicsError(f"{path} cannot be written: {there} takes no files") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kinesics", description=kinesics.__doc__)
    parser.add_argument("--version", action="version", version=f"kinesics {kinesics.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    def data(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--data",
            type=Path,
            default=default_data(),
            metavar="FOLDER",
            help="where downloaded files lie (default: KINESICS_DATA, else %(default)s)",
        )

    sub = command("fetch", _fetch, "fetch sources of config/sources.csv, each file checked against its SHA-256")
    sub.add_argument("source", nargs="*", help="ids of the table's first column; none lists them")
    data(sub)

    sub = command("track", _track, "find who is where in a video: faces, hands, bodies, people")
    sub.add_argument("video", type=Path)
    sub.add_argument("--out", type=Path, required=True, metavar="TRACKS.parquet")
    _tracking(sub)
    data(sub)

    sub = command("encoders", _encoders, "list the encoders: what each takes, its licence, and whether it can run now")
    sub.add_argument(
        "encoder",
        nargs="*",
        metavar="NAME",
        help="tell all about these, or list those whose names begin so (default: all)",
    )
    data(sub)

    sub = command("encode", _encode, "let a frozen encoder see the crops of a video's people, or hear its sound")
    sub.add_argument("video", type=Path)
    sub.add_argument(
        "--tracks", type=Path, metavar="TRACKS.parquet", help="of the video's people, for encoders that see"
    )
    sub.add_argument("--encoder", required=True, metavar="NAME", help="one of those that 'kinesics encoders' lists")
    sub.add_argument("--rate", type=_rate, default=None, metavar="HZ", help="crops a second (default: the encoder's)")
    sub.add_argument(
        "--weights", metavar="PATH", help="file or folder, or repository of the Hugging Face hub (default: in --data)"
    )
    sub.add_argument(
        "--cache", type=Path, metavar="FILE", help="keep what the encoder says of each crop here, to go on after a kill"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="FEATURES.safetensors")
    data(sub)

    sub = command("train", _train, "train a detector on tracks, features and truth of one's own")
    sub.add_argument(
        "--config",
        type=Path,
        required=True,
        metavar="YAML",
        help="detector, seed, options, and lists of files: tracks, features, truth (a table a coder), validation (tracks)",
    )
    sub.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors")

    sub = command("detect", _detect, "detect behavioural events in a video")
    sub.add_argument("video", type=Path)
    sub.add_argument(
        "--detector",
        metavar="NAME",
        help=f"{', '.join(name for name in DETECTORS if not learns(name))}; with a --model of theirs "
        f"{', '.join(filter(learns, DETECTORS))} (default: the model's, else rules)",
    )
    sub.add_argument("--model", type=Path, metavar="FILE", help="what a detector that learns has learned")
    sub.add_argument(
        "--budget",
        type=_share,
        default=1.0,
        metavar="SHARE",
        help="share of its calls that the slow encoder may make, 0 to 1 (default: %(default)s)",
    )
    sub.add_argument(
        "--policy", default="uncertain", metavar="NAME", help="where it looks then: uniform, motion, uncertain, kts"
    )
    sub.add_argument("--all", action="store_true", help="also write events that are more likely wrong than right")
    sub.add_argument("--seed", type=_seed, default=0)
    sub.add_argument("--out", type=Path, required=True, metavar="EVENTS.csv")
    sub.add_argument(
        "--tubes", type=Path, metavar="TUBES.parquet", help="also write the box of every frame of every event"
    )
    sub.add_argument("--tracks", type=Path, metavar="TRACKS.parquet", help="use these tracks instead of tracking first")
    _tracking(sub)
    data(sub)

    sub = command("plan", _plan, "tell the jobs, GPU hours and disk that the benchmarks of a tier will take")
    sub.add_argument("--tier", default="full", metavar="NAME", help="a file of config/ (default: %(default)s)")
    sub.add_argument("--encoders", nargs="+", metavar="NAME", help="plan for these instead, at 2 crops a second")

    sub = command("stage", _stage, "film synthetic actors who play a script drawn from a seed, with exact truth")
    sub.add_argument("--seed", type=_seed, default=0, help="another seed is another script, cast and scenery")
    sub.add_argument(
        "--duration", type=_length, default=20.0, metavar="S", help="seconds, at least 2 (default: %(default)s)"
    )
    sub.add_argument("--people", type=_cast, default=1, metavar="N", help="1 to 3 (default: %(default)s)")
    sub.add_argument("--shot", default="bust", metavar="SHOT", help="face, bust, half or full (default: %(default)s)")
    sub.add_argument("--rate", type=_rate, default=10.0, metavar="HZ", help="frames a second (default: %(default)s)")
    sub.add_argument(
        "--wild",
        type=_level,
        nargs="+",
        default=[],
        metavar="DIAL=LEVEL",
        help="such as shake=2 light=1; levels 0 to 3",
    )
    sub.add_argument("--out", type=Path, required=True, metavar="VIDEO.mp4")
    sub.add_argument(
        "--truth",
        type=Path,
        dest="folder",
        metavar="FOLDER",
        help="also write events, tubes, frames, acts and lines there",
    )
    data(sub)

    sub = command("ask", _ask, "ask a vision-language model: labels ranked for pictures and clips, or events in videos")
    sub.add_argument("video", type=Path, nargs="*", help="videos, or pictures; before --labels and --tracks")
    where = sub.add_mutually_exclusive_group(required=True)
    where.add_argument("--endpoint", metavar="URL", help="address of an OpenAI-compatible server, with /v1")
    where.add_argument(
        "--weights",
        metavar="PATH",
        help="VideoLLaMA 3 on this machine: folder, or repository of the Hugging Face hub, such as "
        f"{ENCODERS['videollama3_2b']['weights']} (2 billion parameters: 8 GB, on a GPU 4)",
    )
    sub.add_argument("--model", metavar="NAME", help="which model of the endpoint")
    sub.add_argument(
        "--labels",
        nargs="+",
        metavar="LABEL",
        help="what may be answered, also separated by commas (with --detect, by default the manual's labels)",
    )
    sub.add_argument("--detect", action="store_true", help="ask for events and their times, not for ranked labels")
    sub.add_argument("--out", type=Path, metavar="CSV", help="ranked answers, or events; needed unless --dry-run")
    sub.add_argument("--dry-run", action="store_true", help="send nothing: print requests, tokens, cost and time")
    what = sub.add_argument_group("what is shown")
    what.add_argument("--window", type=_seconds, metavar="S", help="cut videos into windows (with --detect: of 10 s)")
    what.add_argument(
        "--step", type=_seconds, metavar="S", help="a window every S seconds (with --detect: half of one)"
    )
    what.add_argument(
        "--size", type=_pixels, metavar="PIXELS", help="shrink pictures to this longer side (--detect: 512)"
    )
    what.add_argument("--detail", choices=["low", "high", "auto"], help="how closely OpenAI's models look")
    what.add_argument(
        "--prompt",
        metavar="NAME",
        help="face, micro or evoked; of clips video, multi or text (default: face; video or multi)",
    )
    what.add_argument(
        "--words",
        type=Path,
        metavar="CSV",
        help="what is said in the clips: video, start_s, end_s, text; shown by the prompts multi and text",
    )
    what.add_argument(
        "--batch", type=_count, metavar="N", help="pictures or clips a request (default: that of the prompt)"
    )
    what.add_argument("--frames", type=_count, metavar="N", help="frames a clip (default: 3)")
    what.add_argument("--seed", type=_seed, help="of the order in which they are asked about (default: 0)")
    what.add_argument("--rate", type=_rate, metavar="HZ", help="with --detect: frames a second (default: 2)")
    what.add_argument(
        "--tracks",
        type=Path,
        nargs="+",
        metavar="TRACKS.parquet",
        help="with --detect: one a video; ask about each person",
    )
    what.add_argument(
        "--outcomes", type=Path, metavar="CSV", help="with --detect: also write what became of each window"
    )
    how = sub.add_argument_group("the endpoint and its price")
    how.add_argument(
        "--key-variable",
        default="OPENAI_API_KEY",
        metavar="NAME",
        help="environment variable that holds the key (default: %(default)s)",
    )
    how.add_argument("--requests-per-minute", type=_seconds, metavar="N", help="send no more than these")
    how.add_argument("--tokens-per-minute", type=_seconds, metavar="N", help="send no more than these")
    how.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="further field of the requests; null leaves out temperature or max_tokens",
    )
    how.add_argument(
        "--price",
        type=_price,
        nargs=2,
        metavar=("IN", "OUT"),
        help="USD a million tokens (default: known for some models)",
    )
    how.add_argument("--responses", type=Path, metavar="FOLDER", help="where responses are kept (default: in --data)")
    data(sub)

    sub = command("score", _score, "score predicted events against true ones")
    sub.add_argument(
        "--truth",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="CSV",
        help="one events table, or folder of them, a coder",
    )
    sub.add_argument(
        "--predicted",
        type=Path,
        nargs="+",
        action="append",
        required=True,
        metavar="CSV",
        help="events tables of different videos, or their folder; again: another seed of the detector",
    )
    sub.add_argument(
        "--tubes-truth",
        type=Path,
        nargs="+",
        action="extend",
        metavar="PARQUET",
        help="tubes of --truth, as many and in the same order: scores space too",
    )
    sub.add_argument(
        "--tubes-predicted",
        type=Path,
        nargs="+",
        action="append",
        metavar="PARQUET",
        help="tubes of --predicted, as many and in the same order",
    )
    sub.add_argument(
        "--compare",
        type=Path,
        nargs="+",
        action="append",
        metavar="CSV",
        help="events of another detector: also the differences to it, each with the p of a paired permutation test",
    )
    sub.add_argument(
        "--tubes-compare", type=Path, nargs="+", action="append", metavar="PARQUET", help="tubes of --compare"
    )
    sub.add_argument("--diagnose", action="store_true", help="also the kinds of errors, and what makes events hard")
    sub.add_argument("--all", action="store_true", help="print every metric (the JSON has them in any case)")
    sub.add_argument("--json", type=Path, metavar="OUT", help="also write the scores as JSON")
    sub.add_argument(
        "--labels",
        nargs="+",
        action="extend",
        metavar="LABEL",
        help="judge these labels only (default: all that occur)",
    )
    who = sub.add_mutually_exclusive_group()
    who.add_argument(
        "--persons-by-boxes",
        action="store_true",
        help="a predicted person is the true one whose events' boxes theirs meet (default: who has the same number)",
    )
    who.add_argument("--ignore-person", action="store_true", help="do not ask that the person agrees")
    sub.add_argument(
        "--rate", type=_rate, default=10.0, metavar="HZ", help="frames a second compared (default: %(default)s)"
    )
    sub.add_argument(
        "--by-video", action="store_true", help="resample whole videos, not blocks of 10 s: give many videos"
    )
    sub.add_argument(
        "--resamples", type=_resamples, default=2000, metavar="N", help="bootstrap resamples (default: %(default)s)"
    )
    sub.add_argument("--seed", type=_seed, default=0, help="of the bootstrap (default: %(default)s)")
    return parser


def default_data() -> Path:
    """Return the folder of downloaded files: KINESICS_DATA, or kinesics in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("KINESICS_DATA") or Path(cache) / "kinesics")


def _tracking(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--rate", type=_rate, default=RATE_HZ, metavar="HZ", help="frames a second tracked (default: %(default)s)"
    )
    sub.add_argument(
        "--people", type=_count, default=PEOPLE, metavar="N", help="people followed at once (default: %(default)s)"
    )


def _number(kind: type, what: str, low: float, high: float = float("inf")) -> Callable[[str], float]:
    """Return what reads an option's number of a kind, from ``low`` to ``high``; ``what`` says so in words."""

    def read(value: str) -> float:
        try:
            number = kind(value)
        except ValueError:
            number = None
        if number is None or not low <= number <= high or number == float("inf"):
            raise argparse.ArgumentTypeError(f"{value} is not {what}")
        return number

    return read


_rate = _number(float, "a rate between 0.1 and 1000 Hz", 0.1, 1000)
_seconds = _number(float, f"a number of at least {SHORTEST_S:g}", SHORTEST_S)
_price = _number(float, "a price of 0 or more", 0)
_pixels = _number(int, "a size in pixels", 1)
_count = _number(int, "a whole number from 1 to 100", 1, 100)
_resamples = _number(int, "a number of resamples between 0 and 100000", 0, 100_000)
_seed = _number(int, "a seed: a whole number from 0", 0)
_length = _number(float, "a time from 2 s to a day", SHORTEST_VIDEO_S, LONGEST_VIDEO_S)
_cast = _number(int, "a number of people from 1 to 3", 1, 3)
_share = _number(float, "a share between 0 and 1", 0, 1)


def _parameter(value: str) -> tuple[str, object]:
    name, _, text = value.partition("=")
    try:
        return name, json.loads(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value}: not NAME=JSON, as in max_tokens=null") from None


def _level(value: str) -> tuple[str, int]:
    dial, equals, level = value.partition("=")
    if not equals or not level.isdecimal():
        raise argparse.ArgumentTypeError(f"{value} is not DIAL=LEVEL, such as shake=2")
    return dial, int(level)


def _fetch(options: argparse.Namespace) -> None:
    if not options.source:
        for name, rows in downloads.read_downloads().items():
            print(
                f"{name:24} {rows[0]['tier']:9} {sum(int(row['bytes']) for row in rows) / 1e6:8.1f} MB  {rows[0]['licence']}"
            )
    for name in options.source:
        for path in downloads.fetch(name, options.data):
            print(path)


def _plan(options: argparse.Namespace) -> None:
    from kinesics_paper import compute_plan

    config = compute_plan.read_config(options.tier)
    for name in options.encoders or []:
        check_encoder(name)
    if options.encoders:
        config["corpora"]["encoders"] = dict.fromkeys(options.encoders, 2)
    print(compute_plan.to_text(config), end="")


def _track(options: argparse.Namespace) -> None:
    from kinesics.media.video import facts
    from kinesics.perception.mediapipe_bundles import BUNDLES, build_bundles
    from kinesics.perception.tracking import track

    facts(options.video)  # a bad video is refused before anything is fetched
    bundles = options.data / "bundles" / kinesics.__version__
    if not all((bundles / name).exists() for name in BUNDLES):
        build_bundles(*downloads.fetch("mediapipe", options.data), bundles)
    found = track(options.video, bundles, options.out, rate_hz=options.rate, max_people=options.people)
    if options.run is _track:
        print("{}: {} people in {} frames, {:.1f} s".format(options.out, *found))
    else:
        print("people in {1} frames: {0}".format(*found))


def _encoders(options: argparse.Namespace) -> None:
    from kinesics.encoders import base, listing

    names = [name for given in options.encoder for name in family(given)] or base.ENCODERS
    whole = bool(options.encoder) and set(names) == set(options.encoder)
    print("\n".join(listing.listing(list(dict.fromkeys(names)), options.data, whole)))


def _encode(options: argparse.Namespace) -> None:
    from kinesics.encoders import base
    from kinesics.encoders.extract import encode, encode_sound

    name = options.encoder
    sees = base.sees(name)
    if sees and not options.tracks:
        raise KinesicsError(f"encoder {name!r} sees people: give their tracks with --tracks")
    if not sees and options.tracks:
        raise KinesicsError(f"encoder {name!r} hears: it takes no --tracks")
    if base.fetched(name) and not options.weights:
        for source in base.needs(name):
            downloads.fetch(source, options.data)
    weights = options.weights or base.place(name, options.data)
    work = {"rate_hz": options.rate, "cache": options.cache}
    if sees:
        encode(options.video, options.tracks, name, weights, options.out, calls=getattr(options, "calls", None), **work)
    else:
        has_sound = encode_sound(options.video, name, weights, options.out, **work)
        if not has_sound:
            print(f"{options.video}: has no sound: {name} says nothing")


def _train(options: argparse.Namespace) -> None:
    from kinesics.detectors.runner import fit_files
    from kinesics.io.validation import check, read_yaml, schema

    config = read_yaml(options.config)
    check(config, schema("train"), str(options.config))
    if config["detector"] in DETECTORS and not learns(config["detector"]):
        raise KinesicsError(f"{options.config}: detector {config['detector']!r} does not learn")
    files = {name: config.get(name, []) for name in ("tracks", "features", "truth", "validation")}
    told = {"seed": config.get("seed", 0), "options": config.get("options", {})}
    fit_files(config["detector"], out=options.out, **told, **files)


def _detect(options: argparse.Namespace) -> None:
    from kinesics.detectors.acquisition import POLICIES, choose
    from kinesics.detectors.runner import detect_files
    from kinesics.encoders.base import sees
    from kinesics.encoders.extract import refuse_another_video
    from kinesics.io.checkpoints import detector_of, read_model
    from kinesics.signals.recording import read_clips
    from kinesics.structures.tracks import read_tracks

    # What would be refused in the end is refused before the video is tracked.
    if options.policy not in POLICIES:
        raise KinesicsError(f"{options.policy!r} is not a policy. The policies are {', '.join(POLICIES)}.")
    detector = options.detector or (detector_of(options.model) if options.model else "rules")
    module, row = detector_module(detector), DETECTORS[detector]
    if options.model and not learns(detector):
        raise KinesicsError(f"detector {detector!r} does not learn: it takes no --model")
    if learns(detector) and not options.model:
        raise KinesicsError(f"detector {detector!r} has to be trained: give what it learned with --model FILE")
    if hasattr(module, "METHOD"):
        from kinesics.models.method import read, settings_of

        learned_hz = settings_of(read(module.METHOD, options.model))["rate_hz"]
        if not options.tracks and options.rate != learned_hz:
            raise KinesicsError(
                f"{options.model}: learned at {learned_hz:g} frames a second: give --rate {learned_hz:g}"
            )
    elif learns(detector):
        read_model(options.model, row["module"])
    if options.tracks and (options.rate, options.people) != (RATE_HZ, PEOPLE):
        raise KinesicsError("--rate and --people are for tracking, which --tracks spares: leave them out")
    if options.budget < 1 and not hasattr(module, "undecided"):
        raise KinesicsError(f"detector {detector!r} takes no --budget: it needs all that its encoders can say")
    with tempfile.TemporaryDirectory() as folder:
        work = argparse.Namespace(**vars(options))
        if not options.tracks:
            work.tracks = work.out = Path(folder) / f"{options.video.stem}.parquet"
            _track(work)
        else:
            refuse_another_video(options.video, options.video.stem, read_tracks(options.tracks), options.tracks)
        features, tracks = [], work.tracks
        for encoder in encoders_of(detector):
            work.tracks = tracks if sees(encoder) else None
            work.encoder, work.rate, work.out = encoder, None, Path(folder) / f"{encoder}.safetensors"
            work.weights = work.cache = None
            if options.budget < 1 and encoder == module.ENCODER:
                work.calls = choose(
                    options.policy, options.budget, read_clips([tracks], features)[0], module, options.model
                )
                print(f"{encoder}: {len(work.calls)} calls")
            _encode(work)
            features.append(work.out)
        model = downloads.fetch(row["weights"], options.data)[0] if row["weights"] else options.model
        events = detect_files(
            detector, tracks, features, model, options.out, options.tubes, options.seed, sure=not options.all
        )
    print(f"{options.out}: {len(events)} events")


def _ask(options: argparse.Namespace) -> None:
    from kinesics.vlm import most_requests
    from kinesics.vlm.cost_estimate import Tally, estimate
    from kinesics.vlm.event_prompting import WINDOW_S
    from kinesics.vlm.openai_client import most_tokens

    labels = [label.strip() for given in options.labels or [] for label in given.split(",")]
    if files := [label for label in labels if Path(label).suffix and Path(label).is_file()]:
        raise KinesicsError(f"label {files[0]!r} is a file: give videos first, or labels as in --labels=happy,sad")
    if not options.video:
        raise KinesicsError("no video: give videos first, then --labels and what else is a list")
    options.labels = labels
    if not (options.out or options.dry_run):
        raise KinesicsError("nothing to write to: give --out CSV, or --dry-run for what it would cost")
    for name in ("prompt", "words", "batch", "frames", "seed") if options.detect else ("rate", "tracks", "outcomes"):
        if getattr(options, name) is not None:
            raise KinesicsError(f"--{name} does not go with{'' if options.detect else 'out'} --detect")
    if options.step and options.step > (options.window or (WINDOW_S if options.detect else 0)):
        raise KinesicsError(f"a window every {options.step:g} s would leave gaps: give a --window that is as long")
    tally = Tally(options.model or "") if options.dry_run else None
    limits = {"requests_a_minute": options.requests_per_minute, "tokens_a_minute": options.tokens_per_minute}
    responses = options.responses or options.data / "responses"
    if not tally:
        _refuse_closed(responses, folder=True)
    model, tries = _model(options, responses, tally, limits)
    outcomes, batch, told = (_ask_events if options.detect else _ask_labels)(options, model, tries)
    if tally:
        most = most_requests(int((outcomes == "pending").sum()), batch, tries), most_tokens(model.identity)
        price = options.price or ((0, 0) if options.weights else None)
        if options.weights and not model.identity["weights"]:
            told["weights"] = f"{options.weights} is not on this machine: what it answered before is not known"
        print(estimate(tally, model.identity["model"], model.found, *most, price, told, **limits), end="")
    else:
        told = ", ".join(f"{count} {name}" for name, count in outcomes.value_counts().sort_index().items())
        print(f"{options.out}: {told}; {model.sent} requests sent, {model.found} kept before, in {model.folder}")


def _model(options: argparse.Namespace, folder: Path, tally, limits: dict) -> tuple:
    """Return the model that is to be asked, and how often a request is put."""
    from kinesics.vlm import TRIES
    from kinesics.vlm.local_model import videollama3
    from kinesics.vlm.openai_client import endpoint, is_local

    if options.weights:
        if options.model or options.parameter:
            raise KinesicsError("--model and --parameter are of an endpoint: give --weights alone")
        if options.batch not in (None, 1):
            raise KinesicsError(f"VideoLLaMA 3 is shown one clip at a time: no batch of {options.batch}")
        options.batch = 1
        return videollama3(options.weights, folder, tally=tally), (1,)  # it says the same each time
    if not options.model:
        raise KinesicsError("which model of the endpoint? Give --model NAME")
    key, parameters = os.environ.get(options.key_variable, ""), dict(options.parameter)
    model = endpoint(options.endpoint, options.model, folder, key=key, parameters=parameters, tally=tally, **limits)
    if not (key or options.dry_run or is_local(options.endpoint)):
        raise KinesicsError(
            f"no key for {options.endpoint}: set the environment variable {options.key_variable}, to none if it needs none"
        )
    return model, TRIES


def _ask_labels(options: argparse.Namespace, model, tries: tuple) -> tuple:
    """Ask for ranked labels; return outcomes, the size of a batch, and what a dry run tells of what is shown."""
    from kinesics.vlm import label_ranking

    if not options.labels:
        raise KinesicsError("nothing to rank: give --labels, as in --labels happy sad anger")
    chosen = [item for path in options.video for item in label_ranking.items(path, options.window, options.step)]
    words = label_ranking.read_words(options.words) if options.words else None
    prompt = label_ranking.choose(chosen, options.prompt, words, str(options.words))
    if options.weights and prompt["shows"] == "words":
        raise KinesicsError("VideoLLaMA 3 is asked about pictures: put --prompt text to an endpoint")
    batch = options.batch or int(prompt["batch"])
    shown = {"frames": options.frames, "size": options.size, "detail": options.detail, "seed": options.seed}
    shown = {name: value for name, value in shown.items() if value is not None}
    table = label_ranking.rank(
        chosen, options.labels, model, prompt=prompt["prompt"], words=words, batch=batch, tries=tries, **shown
    )
    if not options.dry_run:
        label_ranking.write_answers(table, options.out)
    told = {"prompt": f"{prompt['prompt']}, {batch} {prompt['item']}s a request"}
    if words is not None:
        told["words"] = (
            f"of {sum(label_ranking.said(words, item) != label_ranking.SILENCE for item in chosen)} of {len(chosen)} clips"
        )
    return table["outcome"], batch, told


def _ask_events(options: argparse.Namespace, model, tries: tuple) -> tuple:
    """Ask for events; return as ``_ask_labels``."""
    import pandas as pd

    from kinesics.io.files import replacing
    from kinesics.structures.events import write_events
    from kinesics.structures.vocabulary import LABELS
    from kinesics.vlm.event_prompting import detect

    tracks = options.tracks or [None] * len(options.video)
    if len(tracks) != len(options.video):
        raise KinesicsError(
            f"{len(tracks)} tracks for {len(options.video)} videos: give one for each, in the same order"
        )
    shown = {"window_s": options.window, "step_s": options.step, "rate_hz": options.rate}
    shown |= {"size": options.size, "detail": options.detail}
    shown = {name: value for name, value in shown.items() if value is not None}
    labels = options.labels or list(LABELS.index)
    found = [
        detect(path, labels, model, tracks=track, tries=tries, **shown)
        for path, track in zip(options.video, tracks, strict=True)
    ]
    events, windows = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
    if not options.dry_run:
        if options.outcomes:
            with replacing(options.outcomes) as temporary:
                windows.to_csv(temporary, index=False, lineterminator="\n", float_format="%.3f")
        write_events(events, options.out)
    return windows["outcome"], 1, {"prompt": "events, 1 window a request"}


def _stage_files(options: argparse.Namespace) -> dict[str, Path]:
    return truth_files(options.folder, options.out.stem)


def _stage(options: argparse.Namespace) -> None:
    from kinesics.structures.events import read_events
    from kinesics.synthetic.film import film
    from kinesics.synthetic.script import draw

    dials = [dial for dial, _ in options.wild]
    if twice := sorted({dial for dial in dials if dials.count(dial) > 1}):
        raise KinesicsError(f"--wild: {twice[0]} stands twice: give each dial one level")
    files = _stage_files(options) if options.folder else None
    if files and files["events"].exists() and not files["frames"].exists():
        raise KinesicsError(
            f"{files['events']} is there and is no truth of the stage: give another --truth, or name the film otherwise"
        )
    script = draw(options.seed, options.duration, options.people, options.shot)
    film(script, options.out, files, rate_hz=options.rate, wild=dict(options.wild), cache=options.data / "actors")
    who = "1 person" if options.people == 1 else f"{options.people} people"
    print(
        f"{options.out}: {options.duration:g} s of {who}, {len(script.acts)} acts played, {len(script.lines)} lines said"
    )
    if files:
        events = read_events(files["events"])
        print(
            f"{files['events']}: events {len(events)}, different labels {events['label'].nunique()}; "
            "beside it their tubes, and tables of frames, acts and lines"
        )


def _score(options: argparse.Namespace) -> None:
    from kinesics.io.files import write_json
    from kinesics.metrics.bootstrap import BLOCK_S
    from kinesics.metrics.report import to_text
    from kinesics.metrics.score_files import score_files

    tubes = {"truth": options.tubes_truth, "predicted": options.tubes_predicted, "other": options.tubes_compare}
    if bool(options.tubes_truth) != bool(options.tubes_predicted):
        raise KinesicsError("tubes are compared with tubes: give both --tubes-truth and --tubes-predicted, or none")
    if options.tubes_compare and not (options.tubes_truth and options.compare):
        raise KinesicsError(
            "--tubes-compare are the tubes of --compare: give that, --tubes-truth and --tubes-predicted too"
        )
    result = score_files(
        options.truth,
        options.predicted,
        other=options.compare,
        tubes=tubes,
        diagnosis=options.diagnose,
        labels=options.labels,
        match_person=not options.ignore_person,
        persons_by_boxes=options.persons_by_boxes,
        rate_hz=options.rate,
        block_s=float("inf") if options.by_video else BLOCK_S,
        resamples=options.resamples,
        seed=options.seed,
    )
    print(to_text(result, options.all), end="")
    if options.json:
        write_json(options.json, result)


if __name__ == "__main__":
    sys.exit(main())
