"""How well predicted events agree with coded ones. All take events tables.

``detection``       matching in time, event F1, average precision, average recall, spatial IoU
``tubes``           average precision of boxes and of tubes
``frames``          frame-wise kappa
``sequences``       Levenshtein accuracy, mean Jaccard
``classification``  WAR, UAR, weighted F1
``calibration``     ECE, reliability, CCC
``intervals``       the cluster bootstrap, the permutation test, Holm's correction
``tally``           all of these from what each unit of footage adds
``score``           every metric with intervals, differences and subsets; as JSON and as a table
``diagnosis``       kinds of errors, what each costs, what makes events hard
``persons``         identity matching of predicted and true persons
``study``           the studies of the article
"""
