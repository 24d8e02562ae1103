"""Figures of the article."""
