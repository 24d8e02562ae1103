"""Indices of MediaPipe's face mesh, hand and pose landmarks."""

# Mesh points by side: 0 the person's right, 1 the left.
EYE_OUTER, EYE_INNER = (33, 263), (133, 362)
IRIS = (468, 473)
UPPER_LID, LOWER_LID = (159, 386), (145, 374)
BROW_INNER, BROW_MIDDLE, BROW_OUTER = (107, 336), (105, 334), (70, 300)
CORNER, UPPER_SIDE, LOWER_SIDE = (61, 291), (37, 267), (84, 314)
NOSTRIL, CHEEK, EDGE, JAW = (98, 327), (50, 280), (234, 454), (172, 397)
# Mesh points in the middle of the face.
FOREHEAD, CHIN, NOSE_BASE, NOSE_TIP, BRIDGE = 10, 152, 2, 1, 168
LIP_UP_OUT, LIP_UP_IN, LIP_LOW_IN, LIP_LOW_OUT = 0, 13, 14, 17
# Hand points.
FINGERTIPS, KNUCKLES, WRIST = [4, 8, 12, 16, 20], [5, 9, 13, 17], 0
# Pose points, by side.
SHOULDERS, ELBOWS, WRISTS, NOSE = (12, 11), (14, 13), (16, 15), 0

SIDES = ("right", "left")
