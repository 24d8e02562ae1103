"""Detectors of events, one file each, and acquisition policies under a token budget."""
