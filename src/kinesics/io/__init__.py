"""Files: atomic writing, validation, pinned downloads, checkpoints, and the tables that are shipped."""
