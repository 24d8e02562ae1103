"""Kinesics: what happens, who does it, when and where, in long videos of people."""

__version__ = "0.1.0"
