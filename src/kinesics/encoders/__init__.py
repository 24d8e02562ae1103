"""Frozen networks from crops, clips, audio or text to tokens, one file per family."""
