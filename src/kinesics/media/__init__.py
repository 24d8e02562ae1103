"""Frames and audio of a video, in constant memory."""
