"""How well predicted events agree with coded ones.

``detection``: matching in time, event F1, average precision, spatial IoU. ``frames``: frame-wise kappa.
``intervals``: the cluster bootstrap. ``score``: a whole study as JSON and as a table. All take events tables.
"""
