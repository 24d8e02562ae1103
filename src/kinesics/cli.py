"""The command ``kinesics``: fetch, track, encode, detect and score, on one's own videos too."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import kinesics
from kinesics import KinesicsError, catalogue, sources


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status: 0, 1 for bad input (one line on stderr), 2 for bad usage."""
    options = _parser().parse_args(arguments)
    try:
        _refuse_to_overwrite(options)
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
    except KeyboardInterrupt:
        print("kinesics: interrupted; nothing half-written was kept", file=sys.stderr)
        return 130
    return 0


def _refuse_to_overwrite(options: argparse.Namespace) -> None:
    """Raise KinesicsError if a file that is to be written is also read, or is to be written twice."""
    given = vars(options)
    written = [given[name] for name in ("out", "tubes", "json") if given.get(name)]
    read = [given.get(name) for name in ("video", "tracks", "model", "cache")]
    for name in ("truth", "predicted", "tubes_truth", "tubes_predicted", "compare", "tubes_compare"):
        for entry in given.get(name) or []:
            read += entry if isinstance(entry, list) else [entry]
    for number, path in enumerate(written):
        if path.resolve() in {other.resolve() for other in [*read, *written[:number]] if other}:
            raise KinesicsError(f"{path} would be overwritten: give another name for what is written")


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
    sub.add_argument("encoder", nargs="*", metavar="NAME", help="tell all about these (default: a line on each)")
    data(sub)

    sub = command("encode", _encode, "let a frozen encoder see the crops of a video's people, or hear its sound")
    sub.add_argument("video", type=Path)
    sub.add_argument(
        "--tracks", type=Path, metavar="TRACKS.parquet", help="of the video's people, for encoders that see"
    )
    sub.add_argument("--encoder", required=True, metavar="NAME", help="one of those that 'kinesics encoders' lists")
    sub.add_argument(
        "--rate", type=_positive, default=None, metavar="HZ", help="crops a second (default: the encoder's)"
    )
    sub.add_argument(
        "--weights", metavar="PATH", help="file or folder, or repository of the Hugging Face hub (default: in --data)"
    )
    sub.add_argument(
        "--cache", type=Path, metavar="FILE", help="keep what the encoder says of each crop here, to go on after a kill"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="FEATURES.safetensors")
    data(sub)

    sub = command("detect", _detect, "detect behavioural events in a video")
    sub.add_argument("video", type=Path)
    sub.add_argument(
        "--detector", default="rules", metavar="NAME", help=f"{', '.join(catalogue.DETECTORS)} (default: rules)"
    )
    sub.add_argument("--model", type=Path, metavar="FILE", help="what a detector that learns has learned")
    sub.add_argument("--seed", type=_seed, default=0)
    sub.add_argument("--out", type=Path, required=True, metavar="EVENTS.csv")
    sub.add_argument(
        "--tubes", type=Path, metavar="TUBES.parquet", help="also write the box of every frame of every event"
    )
    sub.add_argument("--tracks", type=Path, metavar="TRACKS.parquet", help="use these tracks instead of tracking first")
    _tracking(sub)
    data(sub)

    sub = command("score", _score, "score predicted events against true ones")
    sub.add_argument(
        "--truth",
        type=Path,
        nargs="+",
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
    sub.add_argument("--labels", nargs="+", metavar="LABEL", help="judge these labels only (default: all that occur)")
    sub.add_argument("--ignore-person", action="store_true", help="do not ask that the person agrees")
    sub.add_argument(
        "--rate", type=_positive, default=10.0, metavar="HZ", help="frames a second compared (default: %(default)s)"
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
        "--rate", type=_positive, default=10.0, metavar="HZ", help="frames a second tracked (default: %(default)s)"
    )
    sub.add_argument(
        "--people", type=_count, default=4, metavar="N", help="people followed at once (default: %(default)s)"
    )


def _positive(value: str) -> float:
    number = float(value)
    if not 0 < number < 1000:
        raise argparse.ArgumentTypeError(f"{value} is not a rate between 0 and 1000 Hz")
    return number


def _count(value: str) -> int:
    number = int(value)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{value} is not a number of people between 1 and 100")
    return number


def _resamples(value: str) -> int:
    number = int(value)
    if not 0 <= number <= 100_000:
        raise argparse.ArgumentTypeError(f"{value} is not a number of resamples between 0 and 100000")
    return number


def _seed(value: str) -> int:
    number = int(value)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{value} is negative; a seed is a whole number from 0")
    return number


def _fetch(options: argparse.Namespace) -> None:
    if not options.source:
        for name, rows in sources.read_sources().items():
            print(
                f"{name:24} {rows[0]['tier']:9} {sum(int(row['bytes']) for row in rows) / 1e6:8.1f} MB  {rows[0]['licence']}"
            )
    for name in options.source:
        for path in sources.fetch(name, options.data):
            print(path)


def _track(options: argparse.Namespace) -> None:
    from kinesics.mediapipe_models import BUNDLES, build_bundles
    from kinesics.people import track
    from kinesics.video import facts

    facts(options.video)  # a bad video is refused before anything is fetched
    bundles = options.data / "bundles" / kinesics.__version__
    if not all((bundles / name).exists() for name in BUNDLES):
        build_bundles(*sources.fetch("mediapipe", options.data), bundles)
    track(options.video, bundles, options.out, rate_hz=options.rate, max_people=options.people)


def _encoders(options: argparse.Namespace) -> None:
    from kinesics import encoders

    names = options.encoder or encoders.ENCODERS
    for name in names:
        catalogue.encoder(name)
    print("\n".join(encoders.listing(names, options.data, whole=bool(options.encoder))))


def _encode(options: argparse.Namespace) -> None:
    from kinesics import encoders
    from kinesics.encode import encode, encode_sound

    name = options.encoder
    sees = encoders.shape(name).kind in ("image", "clip")
    if sees and not options.tracks:
        raise KinesicsError(f"encoder {name!r} sees people: give their tracks with --tracks")
    if not sees and options.tracks:
        raise KinesicsError(f"encoder {name!r} hears: it takes no --tracks")
    if encoders.fetched(name) and not options.weights:
        for source in encoders.needs(name):
            sources.fetch(source, options.data)
    weights = options.weights or encoders.place(name, options.data)
    work = {"rate_hz": options.rate, "cache": options.cache}
    if sees:
        encode(options.video, options.tracks, name, weights, options.out, **work)
    else:
        encode_sound(options.video, name, weights, options.out, **work)


def _detect(options: argparse.Namespace) -> None:
    from kinesics.detectors import detect_files
    from kinesics.encode import refuse_another_video
    from kinesics.tracks import read_tracks

    catalogue.detector(options.detector)
    row = catalogue.DETECTORS[options.detector]
    if row["learns"] == "no" and options.model:
        raise KinesicsError(f"detector {options.detector!r} does not learn: it takes no --model")
    if row["learns"] == "yes" and not options.model:
        raise KinesicsError(f"detector {options.detector!r} has to be trained: give what it learned with --model FILE")
    with tempfile.TemporaryDirectory() as folder:
        work = argparse.Namespace(**vars(options))
        if not options.tracks:
            work.tracks = work.out = Path(folder) / f"{options.video.stem}.parquet"
            _track(work)
        else:
            refuse_another_video(options.video, options.video.stem, read_tracks(options.tracks), options.tracks)
        features = []
        if row["features"]:
            work.encoder, work.rate, work.out = row["features"], None, Path(folder) / "features.safetensors"
            work.weights = work.cache = None
            _encode(work)
            features = [work.out]
        model = sources.fetch(row["weights"], options.data)[0] if row["weights"] else options.model
        events = detect_files(options.detector, work.tracks, features, model, options.out, options.tubes, options.seed)
    print(f"{options.out}: {len(events)} events")


def _score(options: argparse.Namespace) -> None:
    from kinesics.evaluation.intervals import BLOCK_S
    from kinesics.evaluation.score import score_files, to_text
    from kinesics.files import write_json

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
