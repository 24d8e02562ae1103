"""Speed and memory of the stage on one core: ``python benchmarks/stage.py ACTORS [MINUTES]``.

Prints a line of JSON for each shot with one actor at 320x240: frames per second of processor time, which is what an idle
core gives, and milliseconds a frame to decide on a pose, to pose, to draw, and to read back. Then a line for making actors:
seconds of the first in an empty folder, of the next, and of one that is kept there. Then a line for a whole film of MINUTES
(10): resident memory in MB minute by minute. ACTORS is the folder in which actors are kept.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

FRAMES = 100
RATE_HZ = 10


def speed(shot: str, actors: Path) -> dict:
    """Return what a frame of a shot takes, the median over FRAMES in milliseconds of processor time."""
    import numpy as np

    from kinesics.synthetic import body, film, motion, render, script

    stage = film.set_up_scene(script.draw_script(1, FRAMES / RATE_HZ, 1, shot), 4 / 3, cache=actors)
    spent = []
    with render.Renderer(320, 240) as renderer:
        for k in range(FRAMES):
            times = [time.process_time()]
            moment = motion.pose_parameters(stage.performers[0], k / RATE_HZ)
            times.append(time.process_time())
            posed = body.pose(stage.performers[0].actor, *moment)
            times.append(time.process_time())
            light, quads = stage.scenery.light, stage.scenery.quads(k / RATE_HZ)
            renderer.draw(render.Scene((posed,), stage.camera, light, quads))
            times.append(time.process_time())
            renderer.read()
            times.append(time.process_time())
            spent.append(np.diff(times))
    decide, pose, draw, read = np.median(spent, axis=0) * 1000
    return {
        "shot": shot,
        "frames_per_s": round(1000 / (decide + pose + draw), 1),
        "decide_ms": round(decide, 2),
        "pose_ms": round(pose, 2),
        "draw_ms": round(draw - read, 2),  # a draw reads back as well
        "read_ms": round(read, 2),
    }


def making() -> dict:
    """Return the seconds of processor time that actors take."""
    from kinesics.synthetic import anny_bodies

    spent = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, seed in (("first_actor_s", 1), ("next_actor_s", 2), ("kept_actor_s", 2)):
            began = time.process_time()
            anny_bodies.make_actor(seed, folder)
            spent[name] = round(time.process_time() - began, 3)
    return spent


def memory(minutes: int, actors: Path) -> dict:
    """Return the resident memory after each minute of a film, in MB."""
    from kinesics.synthetic import film, render, script

    stage = film.set_up_scene(script.draw_script(2, 60 * minutes, 1, "bust"), 4 / 3, cache=actors)
    pages, resident = Path("/proc/self/statm"), []
    with render.Renderer(320, 240) as renderer:
        for k, _ in enumerate(film.render_frames(stage, renderer, RATE_HZ)):
            if (k + 1) % (60 * RATE_HZ) == 0:
                resident.append(round(int(pages.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6))
    return {"minutes": minutes, "resident_mb": resident}


def main() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    actors = Path(sys.argv[1])
    for shot in ("face", "bust", "half", "full"):
        print(json.dumps(speed(shot, actors)), flush=True)
    print(json.dumps(making()), flush=True)
    print(json.dumps(memory(int(sys.argv[2]) if len(sys.argv) > 2 else 10, actors)), flush=True)


if __name__ == "__main__":
    main()
