"""Render a script as a video with sound, and write its ground truth.

Frames are encoded as H.264 and audio as AAC, by FFmpeg through PyAV with one thread and no dates, so that a video repeats to
the byte. Frames are streamed: memory does not grow with the video's length.
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
from kinesics.media.containers import ffmpeg_url
from kinesics.structures.timegrid import samples, seconds
from kinesics.synthetic import perturbations, speech, truth
from kinesics.synthetic.anny_bodies import make_actor
from kinesics.synthetic.body import Actor
from kinesics.synthetic.motion import Performer, make_idle_performer, make_performer, pose_at
from kinesics.synthetic.render import Camera, Renderer, Scene
from kinesics.synthetic.scenery import Scenery, make_scenery
from kinesics.synthetic.script import SHOTS, Role, Script, synthesize_utterances

#: Vertical field of view: a portrait lens.
FOV_DEG = 25.0
#: Space above the tallest head, as a share of the frame's height, and beside the outermost people, in metres.
HEADROOM, SIDE_MARGIN_M = 0.1, 0.42
#: The seed of the first bystander's body.
FIRST_BYSTANDER_SEED = 900_000_000
#: Seconds of audio encoded at once.
CHUNK_S = 1.0


@dataclass(frozen=True)
class SceneSetup:
    """All that is constant over a video: its script, perturbations, people, camera, background and light."""

    script: Script
    settings: dict[str, float]  # perturbation -> value
    performers: tuple[Performer, ...]  # the script's people, in its order
    bystanders: tuple[Performer, ...]
    camera: Camera  # without shake
    scenery: Scenery
    aspect: float  # width over height of the frame


def set_up_scene(
    script: Script, aspect: float, severities: dict[str, int] | None = None, cache: Path | None = None
) -> SceneSetup:
    """Return the scene setup of a script for frames of an aspect (width over height), at severities of perturbations.

    ``cache`` is the folder in which actors are cached. Raises KinesicsError for an unknown perturbation or severity.
    """
    settings = perturbations.settings(severities)
    performers = tuple(
        make_performer(script, person, make_actor(role.actor, cache)) for person, role in enumerate(script.roles)
    )
    camera = _camera(script, [performer.actor for performer in performers], aspect, settings["distance"])
    bystanders = tuple(_bystander(script, number, camera, aspect, cache) for number in range(int(settings["crowd"])))
    return SceneSetup(script, settings, performers, bystanders, camera, make_scenery(script.seed), aspect)


def scene_at(setup: SceneSetup, time_s: float) -> Scene:
    """Return the scene at a time; its first people are the script's, in its order."""
    settings, seed = setup.settings, setup.script.seed
    return Scene(
        people=tuple(pose_at(performer, time_s) for performer in setup.performers + setup.bystanders),
        camera=perturbations.shake_camera(setup.camera, settings["shake"], seed, time_s),
        light=setup.scenery.light,
        quads=(
            *setup.scenery.quads(time_s),
            *perturbations.occluders(settings["occluders"], seed, setup.camera, setup.aspect, time_s),
        ),
    )


def render_frames(setup: SceneSetup, renderer: Renderer, rate_hz: float) -> Iterator[tuple[np.ndarray, list[dict]]]:
    """Yield each frame (H, W, 3) uint8, and the rows of its people in the frames table (see ``truth.observe``)."""
    script, settings = setup.script, setup.settings
    for k in range(samples(script.duration_s, rate_hz)):
        time_s = seconds(k, rate_hz)
        scene = scene_at(setup, time_s)
        frame, ids = renderer.draw(scene)
        rows = truth.observe(ids, list(scene.people), scene.camera)[: len(script.roles)]
        exposures = [
            renderer.draw(scene_at(setup, t))[0]
            for t in perturbations.frame_instants(time_s, settings["blur"])
            if t != time_s
        ]
        if exposures:
            frame = np.mean(exposures, axis=0, dtype=np.float32).round().astype(np.uint8)
        yield perturbations.degrade_frame(frame, settings["light"], settings["noise"], script.seed, k), rows


def render_film(  # noqa: PLR0913 - keyword-only settings
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
    """Render a script as an MP4 video to ``out``, and write its truth to ``truth_files`` (see ``structures.truth_files``).

    ``name`` is the video's in the tables, by default that of the file without its suffix. ``severities`` maps perturbations
    to their severities, 0 unless given. ``cache`` is the folder in which actors are cached. ``progress`` shows a bar, on a
    terminal only.

    Raises KinesicsError if ``out`` does not end in .mp4, for an odd or too small size, for a rate that is not above 0 and at
    most 120, for unknown perturbations or severities, and if OpenGL is missing.
    """
    if width % 2 or height % 2 or min(width, height) < 32 or not 0 < rate_hz <= 120:
        raise KinesicsError(
            f"{width}x{height} at {rate_hz:g} Hz: sizes must be even and at least 32, the rate above 0 and at most 120"
        )
    if Path(out).suffix.lower() != ".mp4":
        raise KinesicsError(f"{out}: the video is an MP4: give a name that ends in .mp4")
    setup = set_up_scene(script, width / height, severities, cache)
    count = samples(script.duration_s, rate_hz)
    with ExitStack() as stack:
        add_rows = stack.enter_context(truth.open_frames_table(truth_files["frames"])) if truth_files else None
        temporary = stack.enter_context(replacing(out))
        renderer = stack.enter_context(Renderer(width, height))
        rendered = render_frames(setup, renderer, rate_hz)
        bar = tqdm(rendered, "render", count, unit="frame", disable=None if progress else True)
        frames = _record_rows(bar, add_rows, rate_hz)
        utterances = [(begin_s, utterance) for _, begin_s, utterance in synthesize_utterances(script)]
        _encode(frames, utterances, temporary, width, height, rate_hz, setup.settings["compression"])
    if truth_files:
        truth.write_truth(name or Path(out).stem, script, rate_hz, truth_files)


def _camera(script: Script, actors: list[Actor], aspect: float, distance: float) -> Camera:
    """Return a camera whose frame, at the main person's distance, has the shot's height, or more to hold all people.

    ``distance`` multiplies the camera's distance.
    """
    x = [role.place[0] for role in script.roles]
    high = max(SHOTS[script.shot], (max(x) - min(x) + 2 * SIDE_MARGIN_M) / aspect)
    top = max(float(actor.vertices[:, 2].max()) for actor in actors)
    away = 0.5 * high / np.tan(np.radians(FOV_DEG / 2)) * distance
    middle, height_m = (max(x) + min(x)) / 2, top + HEADROOM * high - 0.5 * high
    y = script.roles[0].place[1]
    return Camera((middle, y - away, height_m), (middle, y, height_m), FOV_DEG)


def _bystander(script: Script, number: int, camera: Camera, aspect: float, cache: Path | None) -> Performer:
    """Return an idle performer who stands behind the people of the script, turned at random."""
    rng = np.random.default_rng([script.seed, 6, number])
    behind = rng.uniform(0.6, 2.2)
    y = script.roles[0].place[1] + behind
    half = (y - camera.position[1]) * np.tan(np.radians(FOV_DEG / 2)) * aspect
    # Multiples of the golden ratio spread any number of people over the frame's width.
    x = camera.position[0] + 0.95 * half * (2 * ((0.1 + 0.618 * number) % 1) - 1)
    # All crowds have the same bodies: making an actor takes longer than rendering many frames.
    actor = make_actor(FIRST_BYSTANDER_SEED + number, cache)
    role = Role(actor.seed, (float(x), float(y)), float(rng.uniform(-1.2, 1.2)), "", 0, 0)
    return make_idle_performer(role, actor, script.seed + number, script.duration_s)


def _record_rows(
    rendered: Iterable[tuple[np.ndarray, list[dict]]], add_rows: Callable[[list[dict]], None] | None, rate_hz: float
) -> Iterator[np.ndarray]:
    """Yield the frames, and add the rows of each to the frames table."""
    for k, (frame, rows) in enumerate(rendered):
        if add_rows:
            time = {"frame": k, "time_s": seconds(k, rate_hz)}
            add_rows([time | {"person": person, **row} for person, row in enumerate(rows)])
        yield frame


def _encode(
    frames: Iterator[np.ndarray],
    utterances: list[tuple[float, speech.Speech]],
    path: Path,
    width: int,
    height: int,
    rate_hz: float,
    quality: float,
) -> None:
    """Write frames and utterances (begin in seconds, speech) as MP4; ``quality`` is the constant rate factor of H.264."""
    with av.open(ffmpeg_url(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("libx264", rate=Fraction(rate_hz).limit_denominator(1001))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        # x264's macroblock tree gives other bytes each time on processors with AVX-512.
        video.options = {"crf": f"{quality:g}", "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0"}
        video.codec_context.thread_count = 1
        audio = container.add_stream("aac", rate=speech.RATE_HZ, layout="mono")
        audio.bit_rate = 48_000
        for stream in (video, audio):
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
        encoded_s, k = 0.0, -1  # the end of the audio so far, and the number of the last frame

        def encode_audio(until_s: float) -> None:
            nonlocal encoded_s
            chunk = speech.soundtrack(utterances, encoded_s, until_s)
            frame = av.AudioFrame.from_ndarray(chunk[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = speech.RATE_HZ, round(encoded_s * speech.RATE_HZ)
            container.mux(audio.encode(frame))
            encoded_s = until_s

        for k, frame in enumerate(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            if (now := seconds(k + 1, rate_hz)) - encoded_s >= CHUNK_S:
                encode_audio(now)
        if (end := seconds(k + 1, rate_hz)) > encoded_s:
            encode_audio(end)
        for stream in (video, audio):
            container.mux(stream.encode(None))
