"""Temporal heads in JAX: sequences of a person's person descriptor and foundation tokens in, events out.

``sequences``  from clips and truth to arrays of fixed shape;
``layers``     what the networks are made of, local in time, so that a window with enough margin says what the whole says;
``losses``     focal, DIoU and quality losses;
``training``   the compiled training loop that every method shares;
``decoding``   windows, soft-NMS, calibration.
"""

import os

# One thread for all that XLA computes, read when it starts: sums that are split among threads end in other digits on a
# machine with another number of processors.
os.environ["PJRT_NPROC"] = "1"
