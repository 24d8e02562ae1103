"""Render a scene as an image, and as ids of the person and part of the body at each pixel.

OpenGL 3.3 through moderngl on EGL, without a screen; on a machine without a GPU, Mesa's llvmpipe rasterises (Debian
packages libegl1 and libgl1-mesa-dri). One thread draws: then frames repeat to the byte, and processes run side by side.
"""

import os
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from kinesics.errors import KinesicsError
from kinesics.synthetic.appearance.surfaces import MATERIALS
from kinesics.synthetic.body import Actor, Posed
from kinesics.synthetic.scenery import Light, Quad

# More threads neither help on the cores that other processes use, nor are needed. Must be set before Mesa is loaded.
os.environ["LP_NUM_THREADS"] = "0"

#: The id of pixels of a prop; 0 is the background. ``person_and_part`` decodes the others.
PROP = 255
#: The most people that ids can number.
MAX_PEOPLE = 15


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that stands upright."""

    position: tuple[float, float, float]  # metres
    target: tuple[float, float, float]  # the point at the middle of the image
    fov_deg: float  # vertical field of view
    roll_deg: float = 0.0  # the image turns clockwise

    @cached_property
    def axes(self) -> np.ndarray:
        """(3, 3): rows are right, down and forward."""
        forward = np.subtract(self.target, self.position).astype(float)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        cos, sin = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        return np.stack([cos * right - sin * down, sin * right + cos * down, forward])

    def project(self, points: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels (N, 2), x to the right and y down from the image's top left corner, and depth (N,) in metres.

        Points (N, 3) with depth <= 0 are behind the camera: their pixels are meaningless.
        """
        local = (np.asarray(points) - self.position) @ self.axes.T
        focal = 0.5 * height / np.tan(np.radians(self.fov_deg) / 2)
        depth = local[:, 2]
        return focal * local[:, :2] / np.maximum(depth, 1e-6)[:, None] + (width / 2, height / 2), depth

    def matrix(self, width: int, height: int) -> np.ndarray:
        """Return the OpenGL clip matrix (4, 4) for column vectors."""
        near, far = 0.05, 60.0
        focal = 1 / np.tan(np.radians(self.fov_deg) / 2)
        right, down, forward = self.axes
        view = np.eye(4)
        view[:3, :3] = [right, -down, -forward]
        view[:3, 3] = -view[:3, :3] @ self.position
        clip = np.zeros((4, 4))
        clip[0, 0], clip[1, 1] = focal * height / width, focal
        clip[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
        clip[3, 2] = -1
        return clip @ view


@dataclass(frozen=True)
class Scene:
    """What is rendered. People are numbered from 0 in the ids."""

    people: tuple[Posed, ...]
    camera: Camera
    light: Light
    quads: tuple[Quad, ...] = ()


def person_and_part(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the person (from 0; -1: none) and the part (1 + index into ``surfaces.PARTS``; 0: none) of pixels of ids."""
    is_person = (ids != 0) & (ids != PROP)
    return np.where(is_person, ids // 16, -1).astype(np.int16), np.where(is_person, ids % 16, 0).astype(np.uint8)


class Renderer:
    """A renderer of scenes of one size; a context manager that holds the graphics context.

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
        size, context = (self.width * self.samples, self.height * self.samples), self._context
        self._frame, self._background = (
            context.framebuffer([context.texture(size, n) for n in (4, 1)], context.depth_renderbuffer(size))
            for _ in range(2)
        )
        self._background_key, self._background_quads = None, []
        self._programs = {
            name: context.program(_BODY_VERTEX, _BODY_FRAGMENT.replace("PAINT", paint))
            for name, paint in (("eye", _EYE), ("hair", _HAIR), ("cloth", _CLOTH), ("skin", _SKIN))
        }
        self._quad_program = context.program(_QUAD_VERTEX, _QUAD_FRAGMENT)
        self._loaded = {}  # key -> what is in the graphics context: of a body or an image
        return self

    def __exit__(self, *_: object) -> None:
        self._context.release()

    def draw(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Return the image (H, W, 3) uint8 sRGB, and the ids (H, W) uint8 of its pixels (see ``person_and_part``)."""
        if len(scene.people) > MAX_PEOPLE:
            raise KinesicsError(f"a scene of {len(scene.people)} people: ids have room for {MAX_PEOPLE}")
        context, used = self._context, {}
        clip = scene.camera.matrix(self.width, self.height).T.astype("f4").tobytes()
        self._quad_program["clip"].write(clip)
        context.enable_only(context.DEPTH_TEST)
        moving = [quad for quad in scene.quads if not quad.background or any(quad.shift)]
        self._draw_background([quad for quad in scene.quads if quad.background and not any(quad.shift)], clip, used)
        context.copy_framebuffer(self._frame, self._background)
        self._frame.use()
        for program in self._programs.values():
            program["clip"].write(clip)
            program["eye"] = tuple(map(float, scene.camera.position))
            for name in ("key_direction", "key", "fill_direction", "fill", "sky", "ground"):
                program[name] = tuple(map(float, getattr(scene.light, name)))
        for number, posed in enumerate(scene.people):
            self._draw_body(posed, number, used)
        for quad in moving:
            self._draw_quad(quad, used)
        for key in set(self._loaded) - set(used):
            for resource in self._loaded[key][1:]:
                resource.release()
        self._loaded = used
        return self.read()

    def _draw_background(self, quads: list[Quad], clip: bytes, used: dict) -> None:
        """Draw the quads that do not move into a framebuffer of their own, unless it already holds them."""
        key = (clip, *map(id, quads))
        if key == self._background_key:
            return
        self._background.use()
        self._background.clear()
        for quad in quads:
            self._draw_quad(quad, used)
        # The quads are kept, so that no new one can get the id of one that is gone.
        self._background_key, self._background_quads = key, quads

    def _draw_body(self, posed: Posed, number: int, used: dict) -> None:
        # Two people may have the same actor, so the key has the person's number as well.
        key, context = ("body", number, id(posed.actor)), self._context
        if key not in self._loaded:
            self._loaded[key] = self._load_actor(posed.actor)
        used[key] = self._loaded[key]
        _, moving, _, texture, wrinkles, *arrays = used[key]
        moving.write(np.concatenate([posed.vertices, posed.normals], 1).astype("f4").tobytes())
        texture.use(0)
        wrinkles.use(1)
        self._programs["skin"]["folds"], self._programs["skin"]["depth"] = 1, tuple(map(float, posed.wrinkles))
        for (program, wrap, gloss, shine), array in zip(_SHADING.values(), arrays[1::2], strict=True):
            values = self._programs[program]
            values["wrap"], values["gloss"], values["shine"], values["first_id"] = wrap, gloss, shine, 16.0 * number
            # Skin is a closed surface; cloth and hair are visible from inside as well.
            (context.enable if program in ("skin", "eye") else context.disable)(context.CULL_FACE)
            array.render()
        context.disable(context.CULL_FACE)

    def _load_actor(self, actor: Actor) -> tuple:
        """Return the actor and its resources in the graphics context: buffers, textures, indices and array per material."""
        context, surface = self._context, actor.surface
        moving = context.buffer(reserve=actor.vertices.size * 8, dynamic=True)
        columns = (surface.colour, surface.uv, surface.light[:, None], surface.cut[:, None], surface.part[:, None])
        still = context.buffer(np.concatenate(columns, 1).astype("f4").tobytes())
        texture = context.texture(surface.texture.shape[1::-1], 4, np.ascontiguousarray(surface.texture).tobytes())
        wrinkles = context.texture(surface.wrinkles.shape[1::-1], 4, np.ascontiguousarray(surface.wrinkles).tobytes())
        for image in (texture, wrinkles):
            image.build_mipmaps()
        resources = [actor, moving, still, texture, wrinkles]
        material = surface.material[actor.triangles[:, 0]]
        for name, (program, *_) in _SHADING.items():
            # The outermost surfaces come last in an actor; drawn first, they spare the pixels behind them.
            triangles = actor.triangles[material == MATERIALS.index(name)][::-1]
            indices = context.buffer(np.ascontiguousarray(triangles, "i4").tobytes() or bytes(12))
            program = self._programs[program]
            # What a program does not read (an eye's place in the texture, say) is skipped.
            names = [name for name in _STILL if name in program]
            still_layout = " ".join(f"{n}f" if name in program else f"{4 * n}x" for name, n in _STILL.items())
            layout = [(moving, "3f 3f", "position", "normal"), (still, still_layout, *names)]
            resources += [indices, context.vertex_array(program, layout, indices)]
        return tuple(resources)

    def _draw_quad(self, quad: Quad, used: dict) -> None:
        key = ("quad", id(quad.image))
        if key not in self._loaded:
            height, width = quad.image.shape[:2]
            texture = self._context.texture((width, height), 4, np.ascontiguousarray(quad.image).tobytes())
            texture.build_mipmaps()
            vertices = self._context.buffer(reserve=4 * 5 * 4, dynamic=True)
            array = self._context.vertex_array(self._quad_program, [(vertices, "3f 2f", "position", "uv")])
            self._loaded[key] = (quad.image, texture, vertices, array)
        used[key] = self._loaded[key]
        _, texture, vertices, array = used[key]
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "f4")
        vertices.write(
            np.concatenate([quad.corners[[0, 1, 3, 2]].astype("f4"), corners + quad.shift], 1).astype("f4").tobytes()
        )
        texture.use(0)
        self._quad_program["id"] = 0.0 if quad.background else PROP / 255
        array.render(self._context.TRIANGLE_STRIP)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Return image and ids of the scene drawn last."""
        shape = (self.height * self.samples, self.width * self.samples, -1)
        colour, ids = (
            np.frombuffer(self._frame.read(components=n, attachment=i, alignment=1), np.uint8).reshape(shape)[::-1]
            for i, n in enumerate((3, 1))
        )
        image = cv2.resize(colour, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return image, np.ascontiguousarray(ids[:: self.samples, :: self.samples, 0])


#: The constant attributes of a vertex, in the order of the buffer, and how many numbers each has.
_STILL = {"colour": 3, "uv": 2, "light": 1, "cut": 1, "part": 1}
#: Material -> program, how far light wraps around (red scatters farthest below skin), gloss and its strength.
_SHADING = {
    "hair": ("hair", (0.4, 0.4, 0.4), 12.0, 0.06),
    "gloss": ("cloth", (0.1, 0.1, 0.1), 40.0, 0.4),
    "cloth": ("cloth", (0.15, 0.15, 0.15), 8.0, 0.0),
    "eye": ("eye", (0.2, 0.2, 0.2), 120.0, 1.2),
    "mouth": ("skin", (0.1, 0.1, 0.1), 30.0, 0.25),
    "skin": ("skin", (0.35, 0.2, 0.15), 16.0, 0.1),
}

# Light is computed at vertices, which are far fewer than pixels: faces have thousands.
_BODY_VERTEX = """
#version 330
uniform mat4 clip;
uniform vec3 eye, key_direction, key, fill_direction, fill, sky, ground, wrap;
uniform float gloss, shine, first_id;
in vec3 position, normal, colour;
in vec2 uv;
in float light, cut, part;
out vec3 diffuse, specular, tint;
out vec2 place;
out float keep;
flat out float which;
void main() {
    gl_Position = clip * vec4(position, 1.0);
    float direct = mix(0.35, 1.0, smoothstep(0.05, 0.6, light));
    diffuse = mix(ground, sky, 0.5 + 0.5 * normal.z) * light
        + direct * key * max((dot(normal, key_direction) + wrap) / (1.0 + wrap), 0.0)
        + direct * fill * max((dot(normal, fill_direction) + wrap) / (1.0 + wrap), 0.0);
    vec3 halfway = normalize(key_direction + normalize(eye - position));
    specular = key * direct * shine * pow(max(dot(normal, halfway), 0.0), gloss);
    tint = colour; place = uv; keep = cut; which = (first_id + part) / 255.0;
}
"""

_BODY_FRAGMENT = """
#version 330
uniform sampler2D paint, folds;
uniform vec4 depth;
in vec3 diffuse, specular, tint;
in vec2 place;
in float keep;
flat in float which;
layout(location = 0) out vec4 image;
layout(location = 1) out float id;
void main() {
    vec3 own;
    PAINT
    image = vec4(sqrt(clamp(own * diffuse + specular, 0.0, 1.0)), 1.0);
    id = which;
}
"""

# Wrinkles darken skin, its green and blue more than its red.
_SKIN = """
    float fold = min(dot(texture(folds, 2.0 * place), depth), 0.75);
    own = tint * texture(paint, place).rgb * (1.0 - fold * vec3(0.7, 0.85, 0.9));
"""
_CLOTH = "if (keep < 0.0) discard; own = tint * texture(paint, place).rgb;"
_HAIR = "vec4 strands = texture(paint, place); if (keep < strands.a) discard; own = tint * strands.rgb;"
# The white, the limbus, an iris with fibres, and the pupil; the upper lid shades the ball.
_EYE = """
    float r = length(place), turn = atan(place.y, place.x);
    vec3 white = mix(vec3(0.72, 0.70, 0.68), vec3(0.62, 0.42, 0.38), smoothstep(0.55, 1.0, r));
    vec3 iris = tint * (0.75 + 0.35 * sin(turn * 23.0) * sin(turn * 9.0 + 1.0));
    own = mix(iris * mix(1.5, 0.45, smoothstep(0.25, 0.47, r)), white, smoothstep(0.44, 0.5, r));
    own = mix(vec3(0.004), own, smoothstep(0.16, 0.2, r)) * (0.95 - 0.5 * smoothstep(0.05, 0.5, place.y));
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
layout(location = 0) out vec4 image;
layout(location = 1) out float which;
void main() {
    image = texture(paint, place);
    if (image.a < 0.5) discard;
    which = id;
}
"""
