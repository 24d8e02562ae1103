"""The review of the literature as data: published numbers, and records of what is scored again."""
