"""A script to a film and its truth: pictures, sound, events.

The pictures are H.264 and the sound AAC, by FFmpeg through PyAV with one thread and no dates, so that a film repeats to the
byte. Frames are streamed: memory does not grow with the film.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from kinesics.errors import KinesicsError
from kinesics.io.files import replacing
from kinesics.structures.timegrid import samples, seconds
from kinesics.synthetic import perturbations, speech, truth
from kinesics.synthetic.anny_bodies import make_actor
from kinesics.synthetic.body import Actor
from kinesics.synthetic.motion import Performer, idle_performer, perform, prepare
from kinesics.synthetic.render import Camera, Renderer, Scene
from kinesics.synthetic.scenery import Scenery, make_scenery
from kinesics.synthetic.script import SHOTS, Role, Script, speeches

#: Vertical field of view: a portrait lens.
FOV_DEG = 25.0
#: Where the top of the tallest head is, from the top of the picture, in its heights; and metres beside the outermost people.
HEADROOM, BESIDE_M = 0.1, 0.42
#: The seed of the first bystander's body.
BYSTANDERS = 900_000_000
#: Seconds of sound encoded at once.
CHUNK_S = 1.0


@dataclass(frozen=True)
class SceneSetup:
    """All that is in front of the camera: those who action, those who stand by, the light and what is behind them."""

    script: Script
    settings: dict[str, float]
    performers: tuple[Performer, ...]
    bystanders: tuple[Performer, ...]
    camera: Camera
    scenery: Scenery
    aspect: float


def set_up_scene(
    script: Script, aspect: float, severities: dict[str, int] | None = None, cache: Path | None = None
) -> SceneSetup:
    """Return the set of a script for pictures of an aspect (width over height), at severities of perturbations.

    ``cache`` is the folder in which actors are kept. Raises KinesicsError for an unknown perturbation or severity.
    """
    settings = perturbations.settings(severities)
    performers = tuple(
        prepare(script, person, make_actor(role.actor, cache)) for person, role in enumerate(script.roles)
    )
    camera = _camera(script, [performer.actor for performer in performers], aspect, settings["distance"])
    bystanders = tuple(_bystander(script, number, camera, aspect, cache) for number in range(int(settings["crowd"])))
    return SceneSetup(script, settings, performers, bystanders, camera, make_scenery(script.seed), aspect)


def scene(stage: SceneSetup, time_s: float) -> Scene:
    """Return what is in front of the camera at a time; the first people are the script's, in its order."""
    camera = perturbations.shake_camera(stage.camera, stage.settings["shake"], stage.script.seed, time_s)
    return Scene(
        people=tuple(perform(performer, time_s) for performer in stage.performers + stage.bystanders),
        camera=camera,
        light=stage.scenery.light,
        quads=(
            *stage.scenery.quads(time_s),
            *perturbations.occluders(
                stage.settings["occluders"], stage.script.seed, stage.camera, stage.aspect, time_s
            ),
        ),
    )


def render_frames(stage: SceneSetup, renderer: Renderer, rate_hz: float) -> Iterator[tuple[np.ndarray, list[dict]]]:
    """Yield each frame (H, W, 3) uint8 and the rows that ``truth.observe`` says of it."""
    script, settings = stage.script, stage.settings
    for k in range(samples(script.duration_s, rate_hz)):
        time_s = seconds(k, rate_hz)
        shown = scene(stage, time_s)
        picture, ids = renderer.draw(shown)
        rows = truth.observe(ids, list(shown.people), shown.camera)[: len(script.roles)]
        others = [
            renderer.draw(scene(stage, t))[0]
            for t in perturbations.frame_instants(time_s, settings["blur"])
            if t != time_s
        ]
        if others:
            picture = np.mean([*others], axis=0, dtype=np.float32).round().astype(np.uint8)
        yield perturbations.degrade_frame(picture, settings["light"], settings["noise"], script.seed, k), rows


def render_film(
    script: Script,
    out: str | Path,
    truth_files: dict[str, Path] | None = None,
    *,
    name: str | None = None,
    width: int = 320,
    height: int = 240,
    rate_hz: float = 10.0,
    severities: dict[str, int] | None = None,
    cache: Path | None = None,
    progress: bool = True,
) -> None:
    """Play a script and write it as mp4 to ``out``, and its truth to ``truth_files`` (see ``data.truth_files``).

    ``name`` is the video's in the tables, by default the file's without its suffix. ``severities`` gives perturbations their severity.
    Raises KinesicsError if the name does not end in .mp4, the size is odd or the rate not above 0, for unknown perturbations, and
    where nothing can be drawn.
    """
    if width % 2 or height % 2 or min(width, height) < 32 or not 0 < rate_hz <= 120:
        raise KinesicsError(
            f"{width}x{height} at {rate_hz:g} Hz: sizes must be even and at least 32, the rate above 0 and at most 120"
        )
    if Path(out).suffix.lower() != ".mp4":
        raise KinesicsError(f"{out}: a film is an MP4: give a name that ends in .mp4")
    stage = set_up_scene(script, width / height, severities, cache)
    count = samples(script.duration_s, rate_hz)
    with ExitStack() as stack:
        note = stack.enter_context(truth.writing_frames(truth_files["frames"])) if truth_files else None
        temporary = stack.enter_context(replacing(out))
        renderer = stack.enter_context(Renderer(width, height))
        shown = render_frames(stage, renderer, rate_hz)
        bar = tqdm(shown, "film", count, unit="frame", disable=None if progress else True)
        frames = _noted(bar, note, rate_hz)
        _encode(frames, speeches(script), temporary, width, height, rate_hz, stage.settings["compression"])
    if truth_files:
        truth.write_truth(name or Path(out).stem, script, rate_hz, truth_files)


def _camera(script: Script, actors: list[Actor], aspect: float, distance: float) -> Camera:
    """Return the camera whose picture at the main person's distance is as high as the shot says, or as holds everybody."""
    x = [role.place[0] for role in script.roles]
    high = max(SHOTS[script.shot], (max(x) - min(x) + 2 * BESIDE_M) / aspect)
    top = max(float(actor.vertices[:, 2].max()) for actor in actors)
    away = 0.5 * high / np.tan(np.radians(FOV_DEG / 2)) * distance
    middle, height_m = (max(x) + min(x)) / 2, top + HEADROOM * high - 0.5 * high
    y = script.roles[0].place[1]
    return Camera((middle, y - away, height_m), (middle, y, height_m), FOV_DEG)


def _bystander(script: Script, number: int, camera: Camera, aspect: float, cache: Path | None) -> Performer:
    """Return somebody who stands behind, looks where they please, and does nothing that would be coded."""
    rng = np.random.default_rng([script.seed, 6, number])
    behind = rng.uniform(0.6, 2.2)
    y = script.roles[0].place[1] + behind
    half = (y - camera.position[1]) * np.tan(np.radians(FOV_DEG / 2)) * aspect
    # The golden ratio spreads any number over the picture, each next to those before.
    x = camera.position[0] + 0.95 * half * (2 * ((0.1 + 0.618 * number) % 1) - 1)
    # A few faces serve all crowds: making an actor takes longer than drawing many frames.
    actor = make_actor(BYSTANDERS + number, cache)
    role = Role(actor.seed, (float(x), float(y)), float(rng.uniform(-1.2, 1.2)), "", 0, 0)
    return idle_performer(role, actor, script.seed + number, script.duration_s)


def _noted(shown: Iterable, note: Callable[[list[dict]], None] | None, rate_hz: float) -> Iterator[np.ndarray]:
    """Yield the pictures, and note what is seen of the people in each."""
    for k, (picture, people) in enumerate(shown):
        if note:
            at = {"frame": k, "time_s": seconds(k, rate_hz)}
            note([at | {"person": person, **row} for person, row in enumerate(people)])
        yield picture


def _encode(
    frames: Iterator[np.ndarray], utterances: list, path: Path, width: int, height: int, rate_hz: float, quality: float
) -> None:
    said = [(begin_s, line) for _, begin_s, line in utterances]
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        # x264's macroblock tree gives other bytes each time on processors with AVX-512.
        video.options = {"crf": f"{quality:g}", "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}
        video.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=speech.RATE_HZ, layout="mono")
        sound.bit_rate = 48_000
        for stream in (video, sound):
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
        heard_s, k = 0.0, -1

        def hear(until_s: float) -> None:
            nonlocal heard_s
            samples_ = speech.soundtrack(said, heard_s, until_s)
            frame = av.AudioFrame.from_ndarray(samples_[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = speech.RATE_HZ, round(heard_s * speech.RATE_HZ)
            container.mux(sound.encode(frame))
            heard_s = until_s

        for k, picture in enumerate(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if (now := seconds(k + 1, rate_hz)) - heard_s >= CHUNK_S:
                hear(now)
        if (end := seconds(k + 1, rate_hz)) > heard_s:
            hear(end)
        for stream in (video, sound):
            container.mux(stream.encode(None))
