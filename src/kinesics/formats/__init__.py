"""Formats of event annotations, one file each; ``registry`` finds a format by a file's ending."""
