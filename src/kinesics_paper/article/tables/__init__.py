"""Tables of the article."""
