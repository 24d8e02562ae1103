"""High dynamic range: what a phone records in HLG or PQ looks like the plain video of the same scene."""

import av
import numpy as np
import pytest

from kinesics.media.colour import HLG, PQ, WHITE_NITS
from kinesics.media.video import read_frames

TO_2020 = np.linalg.inv([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def coded(image: np.ndarray, transfer: int) -> np.ndarray:
    """Return the 16-bit code of an 8-bit BT.709 image whose white is the reference white of HDR (ITU-R BT.2100)."""
    light = ((image / 255) ** 2.4 @ TO_2020.T).clip(0) * WHITE_NITS
    if transfer == PQ:
        y = (light / 10_000) ** 0.1593017578125
        code = ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375
    else:
        display = light / 1000
        scene = display * (display @ [0.2627, 0.678, 0.0593]).clip(1e-9)[..., None] ** (-0.2 / 1.2)
        high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        code = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    return (65535 * code.clip(0, 1)).round().astype(np.uint16)


def write_hdr(path, images, transfer):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=10, options={"crf": "8", "x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = transfer, 9, 9, 1
        for k, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(coded(image, transfer), format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
            frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range = transfer, 9, 9, 1
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("transfer", [HLG, PQ], ids=["hlg", "pq"])
def test_a_real_face_looks_as_in_the_plain_video(clip, tmp_path, transfer):
    plain = [frame[:280, :400] for *_, frame in read_frames(clip("single_face"), 2)]
    plain = [frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2] for frame in plain]
    path = write_hdr(tmp_path / "hdr.mp4", plain, transfer)
    mapped = [frame for *_, frame in read_frames(path, 10)]
    assert len(mapped) == len(plain)
    for one, other in zip(plain, mapped, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 3
        np.testing.assert_allclose(one.mean((0, 1)), other.mean((0, 1)), atol=2)


def test_images_whose_format_changes_midway_are_converted_as_alone(tmp_path):
    path, image = tmp_path / "joined.ts", np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    for form, scale in (("yuv420p", 1), ("yuvj444p", 2), ("yuv420p", 1)):
        with av.open(str(tmp_path / "part.ts"), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 96 // scale, 64 // scale, form
            for _ in range(40):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                container.mux(stream.encode(frame.reformat(96 // scale, 64 // scale, form)))
            container.mux(stream.encode())
        with path.open("ab") as joined:
            joined.write((tmp_path / "part.ts").read_bytes())
    with av.open(str(path)) as container:
        alone = [
            (frame.format.name, frame.to_ndarray(format="rgb24", width=96, height=64))
            for frame in container.decode(video=0)
        ]
    forms = []
    for *_, frame in read_frames(path, 10):
        forms.append(next(form for form, image in alone if np.array_equal(image, frame)))
    assert [form for form, other in zip(forms, ["", *forms], strict=False) if form != other] == [
        "yuv420p",
        "yuvj444p",
        "yuv420p",
    ]
