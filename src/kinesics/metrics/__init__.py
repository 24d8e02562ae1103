"""Compare predicted events with annotated ones. All metrics take events tables.

``matching``           matching in time, event F1, spatial IoU
``average_precision``  average precision and average recall
``tubes``              average precision of boxes and of tubes
``agreement``          frame-wise kappa
``sequence_metrics``   Levenshtein accuracy, mean Jaccard
``time_budget``        bouts, durations, rates, latencies, transitions of events
``classification``     WAR, UAR, weighted F1
``calibration``        ECE, reliability, CCC
``bootstrap``          the cluster bootstrap, the permutation test, Holm's correction
``paired``             detectors over few people: sign flips, BCa intervals, power, ICC
``counts``             all of these from what each unit of the bootstrap adds
``inputs``             checks of the tables
``scoring``            every metric with intervals
``comparison``         differences of detectors and of subsets of videos
``diagnosis``          types of errors, what each costs, what makes events hard
``identity``           identity matching of predicted and true persons
``score_files``        scores of files, with notes on what may be a mistake
``report``             scores as Markdown tables
"""
