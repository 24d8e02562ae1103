"""A scene to pixels, and to who is seen where.

OpenGL 3.3 through moderngl on EGL, without a screen; on a machine without a GPU, Mesa's llvmpipe rasterises (Debian
packages libegl1 and libgl1-mesa-dri). One thread draws, so that frames repeat to the byte and processes run side by side.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from kinesics import KinesicsError
from kinesics.stage.body import Posed
from kinesics.stage.looks import Light

# More threads neither help on the cores that other processes use, nor are needed. Must be set before Mesa is loaded.
os.environ["LP_NUM_THREADS"] = "0"

#: The id of pixels that a prop covers; 0 is the background. See ``person_and_part`` for the others.
PROP = 255
#: As many people as ids have room for.
MAX_PEOPLE = 15


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that stands upright."""

    position: tuple[float, float, float]  # metres
    target: tuple[float, float, float]  # what it looks at, in the middle of the picture
    fov_deg: float  # vertical field of view
    roll_deg: float = 0.0  # the picture turns clockwise

    def axes(self) -> np.ndarray:
        """Return (3, 3): rows are right, down and forward."""
        forward = np.subtract(self.target, self.position).astype(float)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        cos, sin = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        return np.stack([cos * right - sin * down, sin * right + cos * down, forward])

    def project(self, points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels (N, 2), x to the right and y down from the picture's top left corner, and depth (N,) in metres.

        Points (N, 3) with depth <= 0 are behind the camera: their pixels mean nothing.
        """
        seen = (np.asarray(points) - self.position) @ self.axes().T
        focal = 0.5 * height / np.tan(np.radians(self.fov_deg) / 2)
        depth = seen[:, 2]
        return focal * seen[:, :2] / np.maximum(depth, 1e-6)[:, None] + (width / 2, height / 2), depth

    def matrix(self, width: int, height: int) -> np.ndarray:
        """Return the OpenGL clip matrix (4, 4) for column vectors."""
        near, far = 0.05, 60.0
        focal = 1 / np.tan(np.radians(self.fov_deg) / 2)
        right, down, forward = self.axes()
        view = np.eye(4)
        view[:3, :3] = [right, -down, -forward]
        view[:3, 3] = -view[:3, :3] @ self.position
        clip = np.zeros((4, 4))
        clip[0, 0], clip[1, 1] = focal * height / width, focal
        clip[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
        clip[3, 2] = -1
        return clip @ view


@dataclass(frozen=True)
class Quad:
    """A flat picture in the world: a wall, a floor, a thing in front of somebody."""

    corners: np.ndarray  # (4, 3) metres: top left, top right, bottom right, bottom left of the picture
    picture: np.ndarray  # (h, w, 4) uint8, sRGB and opacity: half and more is drawn
    background: bool = False  # its pixels have id 0, and light does not change it
    shift: tuple[float, float] = (0.0, 0.0)  # moves the picture in its frame, which it wraps around; fractions


@dataclass(frozen=True)
class Scene:
    """What is to be drawn. People are numbered from 0 in the ids."""

    people: tuple[Posed, ...]
    camera: Camera
    light: Light
    quads: tuple[Quad, ...] = ()


def person_and_part(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return who (from 0; -1: nobody) and which part (1 + index into ``looks.PARTS``; 0: none) pixels of ids show."""
    somebody = (ids != 0) & (ids != PROP)
    return np.where(somebody, ids // 16, -1).astype(np.int16), np.where(somebody, ids % 16, 0).astype(np.uint8)


class Renderer:
    """Draws scenes of one size; a context manager that holds the graphics context.

    Each pixel is the mean of ``samples`` x ``samples`` samples. Raises KinesicsError if there is no EGL.
    """

    def __init__(self, width: int, height: int, samples: int = 2):
        self.width, self.height, self.samples = width, height, samples

    def __enter__(self) -> "Renderer":
        import moderngl

        try:
            self._context = moderngl.create_standalone_context(backend="egl")
        except Exception as error:
            raise KinesicsError(f"no OpenGL through EGL ({error}); install libegl1 and libgl1-mesa-dri") from None
        size = (self.width * self.samples, self.height * self.samples)
        self._colour, self._ids = self._context.texture(size, 4), self._context.texture(size, 1)
        self._frame = self._context.framebuffer([self._colour, self._ids], self._context.depth_renderbuffer(size))
        self._body_program = self._context.program(_BODY_VERTEX, _BODY_FRAGMENT)
        self._quad_program = self._context.program(_QUAD_VERTEX, _QUAD_FRAGMENT)
        self._held = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._context.release()

    def draw(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Return the picture (H, W, 3) uint8 sRGB, and who is seen where (H, W) uint8 (see ``person_and_part``)."""
        if len(scene.people) > MAX_PEOPLE:
            raise KinesicsError(f"a scene of {len(scene.people)} people: ids have room for {MAX_PEOPLE}")
        context, used = self._context, {}
        self._frame.use()
        self._frame.clear()
        context.enable_only(context.DEPTH_TEST)
        clip = scene.camera.matrix(self.width, self.height).T.astype("f4").tobytes()
        self._quad_program["clip"].write(clip)
        for quad in scene.quads:
            self._draw_quad(quad, used)
        program = self._body_program
        program["clip"].write(clip)
        program["eye"] = tuple(scene.camera.position)
        for name in ("key_direction", "key", "fill_direction", "fill", "sky", "ground"):
            program[name] = tuple(map(float, getattr(scene.light, name)))
        for number, posed in enumerate(scene.people):
            self._draw_body(posed, number, used)
        for key in set(self._held) - set(used):
            for thing in self._held[key][1:]:
                thing.release()
        self._held = used
        return self._read()

    def _draw_body(self, posed: Posed, number: int, used: dict) -> None:
        # The same person may act twice, so that what is held goes by place as well.
        key = ("body", number, id(posed.actor))
        if key not in self._held:
            actor, surface = posed.actor, posed.actor.surface
            moving = self._context.buffer(reserve=actor.vertices.size * 8, dynamic=True)
            fixed = np.zeros(
                len(actor.vertices), [("c", "f4", 3), ("uv", "f4", 2), ("l", "f4"), ("m", "f4"), ("p", "f4")]
            )
            fixed["c"], fixed["uv"], fixed["l"] = surface.colour, surface.uv, surface.light
            fixed["m"], fixed["p"] = surface.material, surface.part
            still = self._context.buffer(fixed.tobytes())
            texture = self._context.texture(
                surface.texture.shape[1::-1], 4, np.ascontiguousarray(surface.texture).tobytes()
            )
            texture.build_mipmaps()
            index = self._context.buffer(actor.triangles.astype("i4").tobytes())
            array = self._context.vertex_array(
                self._body_program,
                [
                    (moving, "3f 3f", "position", "normal"),
                    (still, "3f 2f 1f 1f 1f", "colour", "uv", "light", "material", "part"),
                ],
                index,
            )
            self._held[key] = (posed.actor, moving, still, texture, index, array)
        used[key] = self._held[key]
        _, moving, _, texture, _, array = used[key]
        moving.write(np.concatenate([posed.vertices, posed.normals], 1).astype("f4").tobytes())
        texture.use(0)
        self._body_program["first_id"] = 16.0 * number
        array.render()

    def _draw_quad(self, quad: Quad, used: dict) -> None:
        key = ("quad", id(quad.picture))
        if key not in self._held:
            height, width = quad.picture.shape[:2]
            texture = self._context.texture((width, height), 4, np.ascontiguousarray(quad.picture).tobytes())
            texture.build_mipmaps()
            vertices = self._context.buffer(reserve=4 * 5 * 4, dynamic=True)
            array = self._context.vertex_array(self._quad_program, [(vertices, "3f 2f", "position", "uv")])
            self._held[key] = (quad.picture, texture, vertices, array)
        used[key] = self._held[key]
        _, texture, vertices, array = used[key]
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "f4")
        vertices.write(
            np.concatenate([quad.corners[[0, 1, 3, 2]].astype("f4"), corners + quad.shift], 1).astype("f4").tobytes()
        )
        texture.use(0)
        self._quad_program["id"] = 0.0 if quad.background else PROP / 255
        array.render(self._context.TRIANGLE_STRIP)

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.height * self.samples, self.width * self.samples
        colour = np.frombuffer(self._frame.read(components=3, attachment=0, alignment=1), np.uint8).reshape(
            height, width, 3
        )
        ids = np.frombuffer(self._frame.read(components=1, attachment=1, alignment=1), np.uint8).reshape(height, width)
        picture = cv2.resize(colour[::-1], (self.width, self.height), interpolation=cv2.INTER_AREA)
        return picture, np.ascontiguousarray(ids[::-1][:: self.samples, :: self.samples])


_BODY_VERTEX = """
#version 330
uniform mat4 clip;
in vec3 position, normal, colour;
in vec2 uv;
in float light, material, part;
out vec3 at, across, tint;
out vec2 place;
out float open_;
flat out int matter, piece;
void main() {
    gl_Position = clip * vec4(position, 1.0);
    at = position; across = normal; tint = colour; place = uv; open_ = light;
    matter = int(material); piece = int(part);
}
"""

_BODY_FRAGMENT = """
#version 330
uniform vec3 eye, key_direction, key, fill_direction, fill, sky, ground;
uniform float first_id;
uniform sampler2D paint;
in vec3 at, across, tint;
in vec2 place;
in float open_;
flat in int matter, piece;
layout(location = 0) out vec4 picture;
layout(location = 1) out float id;
void main() {
    vec3 n = normalize(across), view = normalize(eye - at);
    if (dot(n, view) < 0.0 && matter > 2) n = -n;
    vec3 ambient = mix(ground, sky, 0.5 + 0.5 * n.z) * open_;
    // Light wraps around skin a little, more so its red: what passes below the surface.
    vec3 wrap = matter == 0 ? vec3(0.35, 0.2, 0.15) : vec3(0.1);
    vec3 lit = ambient + key * max((dot(n, key_direction) + wrap) / (1.0 + wrap), 0.0)
        + fill * max((dot(n, fill_direction) + wrap) / (1.0 + wrap), 0.0);
    vec3 halfway = normalize(key_direction + view);
    float gloss = matter == 1 ? 60.0 : 14.0, shine = matter == 1 ? 0.6 : matter == 4 ? 0.02 : 0.08;
    vec3 seen = tint * texture(paint, place).rgb * lit + key * shine * pow(max(dot(n, halfway), 0.0), gloss);
    picture = vec4(pow(clamp(seen, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
    id = (first_id + float(piece)) / 255.0;
}
"""

_QUAD_VERTEX = """
#version 330
uniform mat4 clip;
in vec3 position;
in vec2 uv;
out vec2 place;
void main() { gl_Position = clip * vec4(position, 1.0); place = uv; }
"""

_QUAD_FRAGMENT = """
#version 330
uniform sampler2D paint;
uniform float id;
in vec2 place;
layout(location = 0) out vec4 picture;
layout(location = 1) out float which;
void main() {
    picture = texture(paint, place);
    if (picture.a < 0.5) discard;
    which = id;
}
"""
