"""From tracks and features to time series per person, and from scores per frame to events."""
