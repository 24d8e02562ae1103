"""From video to tracks: landmarks and identities over time."""
