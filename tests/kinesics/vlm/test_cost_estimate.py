"""Estimated cost: sums that can be done by hand."""

from kinesics.vlm.base import RateLimits
from kinesics.vlm.cost_estimate import UsageCounts, count_tiles, format_estimate


def test_cost_and_time_are_sums_that_can_be_done_by_hand():
    sizes = [(1024, 1024), (4096, 2048), (512, 512)]
    assert [count_tiles(*size) for size in sizes] == [4, 6, 4]  # the first two from OpenAI's guide
    counts = UsageCounts("gpt-4o-mini")
    counts.requests, counts.images, counts.tokens = 30, 60, 1_000_000
    requests = {"cached": 0, "max_requests": 93}
    text = format_estimate(counts, "gpt-4o-mini", **requests, max_tokens=1000, limits=RateLimits(2))
    assert "at most 0.17 USD, 0.15 and 0.6" in text  # 1,000,000 in and 30,000 out
    assert "about 15.0 min" in text
    assert "at most 4.30 USD" in format_estimate(counts, "other", **requests, max_tokens=10_000, price=(4, 1))
    assert "not known for 'other'" in format_estimate(counts, "other", **requests, max_tokens=1000)
    assert UsageCounts("gpt-4o-mini").image_tokens == 2833
