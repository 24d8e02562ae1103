"""The review of the literature as data: published numbers, released answers scored again, figures and tables."""
