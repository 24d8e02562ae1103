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
    read = [given.get(name) for name in ("video", "tracks", "model", "config")]
    read += [*(given.get("truth") or []), *(given.get("predicted") or [])]
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

    sub = command("encode", _encode, "let a frozen encoder see the crops of a video's people")
    sub.add_argument("video", type=Path)
    sub.add_argument("--tracks", type=Path, required=True, metavar="TRACKS.parquet")
    sub.add_argument("--encoder", required=True, metavar="NAME", help=", ".join(catalogue.ENCODERS))
    sub.add_argument(
        "--rate", type=_positive, default=None, metavar="HZ", help="crops a second (default: the encoder's)"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="FEATURES.safetensors")
    data(sub)

    sub = command("train", _train, "train a detector on tracks, features and truth of one's own")
    sub.add_argument(
        "--config",
        type=Path,
        required=True,
        metavar="YAML",
        help="detector, seed, and lists of files: tracks, features, truth (one events table a coder), validation (tracks)",
    )
    sub.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors")

    sub = command("detect", _detect, "detect behavioural events in a video")
    sub.add_argument("video", type=Path)
    sub.add_argument(
        "--detector", metavar="NAME", help=f"{', '.join(catalogue.DETECTORS)} (default: the model's, else rules)"
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

    sub = command("score", _score, "score predicted events against true ones")
    sub.add_argument("--truth", type=Path, nargs="+", required=True, metavar="CSV", help="one events table a coder")
    sub.add_argument(
        "--predicted", type=Path, nargs="+", required=True, metavar="CSV", help="events tables of different videos"
    )
    sub.add_argument("--json", type=Path, metavar="OUT", help="also write the scores as JSON")
    sub.add_argument("--labels", nargs="+", metavar="LABEL", help="judge these labels only (default: all that occur)")
    sub.add_argument("--ignore-person", action="store_true", help="do not ask that the person agrees")
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


def _share(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not a share between 0 and 1")
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


def _encode(options: argparse.Namespace) -> None:
    from kinesics.encode import encode

    catalogue.encoder(options.encoder)
    weights = sources.fetch(catalogue.ENCODERS[options.encoder]["weights"], options.data)[0]
    calls = getattr(options, "calls", None)
    encode(options.video, options.tracks, options.encoder, weights, options.out, rate_hz=options.rate, calls=calls)


def _train(options: argparse.Namespace) -> None:
    import yaml

    from kinesics.detectors import fit_files
    from kinesics.files import check

    try:
        config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KinesicsError(f"{options.config}: not YAML: {' '.join(str(error).split())}") from None
    check(config, "train", str(options.config))
    if catalogue.DETECTORS.get(config["detector"], {}).get("learns") == "no":
        raise KinesicsError(f"{options.config}: detector {config['detector']!r} does not learn")
    files = {name: config.get(name, []) for name in ("tracks", "features", "truth", "validation")}
    fit_files(config["detector"], out=options.out, seed=config.get("seed", 0), **files)


def _detect(options: argparse.Namespace) -> None:
    from kinesics.detectors import detect_files, detector_of, read_clips
    from kinesics.encode import refuse_another_video
    from kinesics.tracks import read_tracks

    if options.detector is None and options.model:
        options.detector = detector_of(options.model)
    detector = options.detector or "rules"
    module, row = catalogue.detector(detector), catalogue.DETECTORS[detector]
    if row["learns"] == "no" and options.model:
        raise KinesicsError(f"detector {detector!r} does not learn: it takes no --model")
    if row["learns"] == "yes" and not options.model:
        raise KinesicsError(f"detector {detector!r} has to be trained: give what it learned with --model FILE")
    if options.budget < 1 and not hasattr(module, "undecided"):
        raise KinesicsError(f"detector {detector!r} takes no --budget: it needs all that its encoders can say")
    with tempfile.TemporaryDirectory() as folder:
        work = argparse.Namespace(**vars(options))
        if not options.tracks:
            work.tracks = work.out = Path(folder) / f"{options.video.stem}.parquet"
            _track(work)
        else:
            refuse_another_video(options.video, options.video.stem, read_tracks(options.tracks), options.tracks)
        features = []
        for encoder in catalogue.encoders_of(detector):
            work.encoder, work.rate, work.out = encoder, None, Path(folder) / f"{encoder}.safetensors"
            if options.budget < 1 and encoder == module.ENCODER:
                from kinesics.budget import choose

                work.calls = choose(
                    options.policy, options.budget, read_clips([work.tracks], features)[0], module, options.model
                )
                print(f"{encoder}: {len(work.calls)} calls")
            _encode(work)
            features.append(work.out)
        model = sources.fetch(row["weights"], options.data)[0] if row["weights"] else options.model
        events = detect_files(
            detector, work.tracks, features, model, options.out, options.tubes, options.seed, sure=not options.all
        )
    print(f"{options.out}: {len(events)} events")


def _score(options: argparse.Namespace) -> None:
    from kinesics.evaluation.score import score_files, to_text
    from kinesics.files import write_json

    result = score_files(
        options.truth,
        options.predicted,
        labels=options.labels,
        match_person=not options.ignore_person,
        resamples=options.resamples,
        seed=options.seed,
    )
    print(to_text(result), end="")
    if options.json:
        write_json(options.json, result)


if __name__ == "__main__":
    sys.exit(main())
