"""The article: data sets, published results, studies, figures, tables and numbers."""
