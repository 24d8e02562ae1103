"""What the article shows: numbers, tables and figures, all made from files of the workflow."""
