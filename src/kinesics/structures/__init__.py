"""What everything exchanges: events, tubes, tracks, features, the time grid and the vocabulary."""
