"""The numbers of the article by the names that the text gives them."""
