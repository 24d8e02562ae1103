"""Names of facial actions, bones and landmarks of the synthetic body."""

#: The facial actions, named as in ARKit, in the order of the coefficients of ``body.pose``.
FACE_ACTIONS = (
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight", "tongueOut"),
)


def _sides(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{side}" for side in "LR" for name in names)


#: The bones of Anny's rig that move a body, parents before children; ``.L`` is the person's own left. The bones of the
#: face are left out: facial actions move it. ``eye.L`` and ``eye.R`` turn the eyeballs; the lids follow ``eyeLook*``.
BONES = (
    *("root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head"),
    *_sides("eye", "clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist"),
    *_sides("finger1-1", "finger1-2", "finger1-3"),
    *_sides(*(f"metacarpal{i - 1}" for i in range(2, 6)), *(f"finger{i}-{j}" for i in range(2, 6) for j in (1, 2, 3))),
    *_sides("pelvis", "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot"),
)
BONE_INDEX = {name: i for i, name in enumerate(BONES)}


#: Landmark of the face -> vertex of the MakeHuman base mesh at its anatomical place: corners and rims of the lids, the line
#: of the painted brow, the borders of the lips' red and the line between the lips. Left is the person's own.
LANDMARKS = {
    "left_eye_outer": 7782,
    "right_eye_outer": 1090,
    "left_eye_inner": 7796,
    "right_eye_inner": 1104,
    "left_lid_upper_inner": 7791,
    "right_lid_upper_inner": 1099,
    "left_lid_upper": 7773,
    "right_lid_upper": 1081,
    "left_lid_upper_outer": 7775,
    "right_lid_upper_outer": 1083,
    "left_lid_lower_inner": 7788,
    "right_lid_lower_inner": 1096,
    "left_lid_lower": 7787,
    "right_lid_lower": 1095,
    "left_lid_lower_outer": 7785,
    "right_lid_lower_outer": 1093,
    "left_brow_inner": 6983,
    "right_brow_inner": 208,
    "left_brow_middle": 7002,
    "right_brow_middle": 229,
    "left_brow_outer": 7005,
    "right_brow_outer": 232,
    "nose_tip": 302,
    "nose_base": 343,
    "left_nostril": 7119,
    "right_nostril": 358,
    "left_mouth_corner": 7185,
    "right_mouth_corner": 425,
    "lip_upper": 455,
    "lip_lower": 492,
    "left_lip_peak": 7215,
    "right_lip_peak": 456,
    "left_lip_upper_side": 7170,
    "right_lip_upper_side": 410,
    "left_lip_lower_side": 7235,
    "right_lip_lower_side": 480,
    "lip_upper_rim": 468,
    "lip_lower_rim": 474,
    "chin": 5296,
}
