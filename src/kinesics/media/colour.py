"""Map high dynamic range (PQ, HLG) to the standard range that networks were trained on.

Light is scaled so that the reference white of HDR, 203 cd/m2 (ITU-R BT.2408), is white; what is brighter is compressed.
Colours are turned from BT.2020 to BT.709, and coded by the inverse of BT.1886 (gamma 2.4).
"""

from functools import cache

import av
import numpy as np

#: FFmpeg's numbers of the transfer functions (ITU-T H.273).
PQ, HLG = 16, 18
WHITE_NITS, HLG_PEAK_NITS = 203.0, 1000.0
#: From this share of white on, light is compressed.
KNEE = 0.8
_STEPS = 4096
#: Linear BT.2020 to linear BT.709 (ITU-R BT.2087).
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)


def is_hdr(frame: av.VideoFrame) -> bool:
    """Return whether a frame's transfer function is PQ (SMPTE ST 2084) or HLG (ARIB STD-B67)."""
    return frame.color_trc in (PQ, HLG)


def tone_map(coded: np.ndarray, transfer: int) -> np.ndarray:
    """Return an HDR image (H, W, 3) uint16, coded RGB of BT.2020, as uint8 of BT.709."""
    light = _to_light(transfer)[coded]  # of HLG the scene's, of PQ the display's, 1 being white
    if transfer == HLG:  # the system gamma of a display of 1000 cd/m2
        light *= (HLG_PEAK_NITS / WHITE_NITS) * np.maximum(light @ _LUMINANCE, 1e-6)[..., None] ** 0.2
    light = (light @ _TO_709.T).clip(0)
    light = np.where(light < KNEE, light, 1 - (1 - KNEE) * np.exp(-(light - KNEE) / (1 - KNEE)))
    return _to_code()[(light * (_STEPS - 1)).astype(np.uint16)]


@cache
def _to_light(transfer: int) -> np.ndarray:
    """Return the light of each 16-bit code: float32 (65536,)."""
    code = np.arange(65536) / 65535
    if transfer == PQ:
        power = code ** (1 / 78.84375)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return (light * 10_000 / WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12).astype(np.float32)


@cache
def _to_code() -> np.ndarray:
    """Return the 8-bit code of each step of light: uint8 (_STEPS,)."""
    return (255 * (np.arange(_STEPS) / (_STEPS - 1)) ** (1 / 2.4)).round().astype(np.uint8)
