"""Experiments; each returns a dict that is written as JSON."""
