"""Temporal models in JAX: from a person's descriptor and encoder tokens to scored events.

``sequences``       arrays of fixed shape from recordings and annotations;
``layers``          the layers of the networks, each with a bounded receptive field;
``pyramid``         the network of ``budgeted``;
``framewise``       inputs, loss and grouping of the models that score frames;
``losses``          focal, DIoU and quality losses;
``temporal_model``  the contract of a temporal model, and its checkpoint;
``augmentation``    training windows at several speeds, mirrored and with noise;
``optimization``    the compiled training loop;
``fitting``         training on annotated recordings;
``decoding``        windows, soft-NMS, calibration of scores;
``calibration``     decoding settings, calibration and threshold from validation recordings;
``inference``       events of a recording.
"""

import os

# XLA reads this when it starts. It computes on one thread: sums that are split among threads differ in their last digits
# between machines with different numbers of processors.
os.environ["PJRT_NPROC"] = "1"
