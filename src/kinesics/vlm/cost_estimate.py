"""Estimate what a run will cost, in requests, tokens, money and time, before the first request is sent."""

import math
from collections.abc import Mapping, Sequence

from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema
from kinesics.vlm.base import RateLimits
from kinesics.vlm.messages import decode_image, message_text

#: English text has about four characters per token (OpenAI's help page "What are tokens").
CHARACTERS_PER_TOKEN = 4
#: OpenAI's guide to images: an image is fitted into 2048 x 2048 pixels, scaled to a shorter side of 768, and cut into
#: tiles of 512; each costs tokens, and so does the image. With low detail it costs those of the image only.
LONGER, SHORTER, TILE = 2048, 768, 512
#: Tokens of an image and of a tile for models that are not in ``prices.csv``: those of gpt-4o.
IMAGE_TOKENS, TILE_TOKENS = 85, 170
#: The pause between requests in the released code of Lian et al. (main.py), and longer than most answers take.
SECONDS_PER_REQUEST = 20.0


class UsageCounts:
    """Requests, images and tokens that a dry run would send to a model."""

    def __init__(self, model: str = ""):
        row = read_prices().get(model, {})
        self.image_tokens = int(row.get("image_tokens", IMAGE_TOKENS))
        self.tile_tokens = int(row.get("tile_tokens", TILE_TOKENS))
        self.requests = self.images = self.tokens = 0

    def add(self, messages: list[dict]) -> int:
        """Count a request; return its approximate number of tokens."""
        images = [part["image_url"] for part in messages[0]["content"] if part["type"] == "image_url"]
        tokens = math.ceil(len(message_text(messages)) / CHARACTERS_PER_TOKEN)
        for image in images:
            tokens += self.image_tokens
            if image.get("detail") != "low":
                tokens += self.tile_tokens * count_tiles(*decode_image(image["url"]).shape[:2])
        self.requests += 1
        self.images += len(images)
        self.tokens += tokens
        return tokens


def count_tiles(height: int, width: int) -> int:
    """Return the number of tiles of an image, as OpenAI's guide counts them."""
    scale = min(1, LONGER / max(height, width))
    scale *= SHORTER / (min(height, width) * scale)
    return math.ceil(round(height * scale) / TILE) * math.ceil(round(width * scale) / TILE)


def read_prices() -> dict[str, dict[str, str]]:
    """Return the rows of ``prices.csv`` by model."""
    return {row["model"]: row for row in read_table(package_file("kinesics.vlm", "prices.csv"), schema("vlm_prices"))}


def format_estimate(  # noqa: PLR0913 - keyword-only settings
    counts: UsageCounts,
    model: str,
    *,
    cached: int,
    max_requests: int,
    max_tokens: int,
    price: Sequence[float] | None = None,
    notes: Mapping[str, str] | None = None,
    limits: RateLimits | None = None,
) -> str:
    """Return the counts of a dry run as lines of text, after those of ``notes``.

    ``cached`` requests have a kept response; ``max_requests`` are needed if all are refused down to single items, and
    ``max_tokens`` limits an answer. ``price`` is US dollars per million tokens in and out, by default the model's in
    ``prices.csv``. Tokens, cost and time are those of requests that are each answered at once.
    """
    tokens_out = counts.requests * max_tokens
    per_image = f", {counts.image_tokens} per image and {counts.tile_tokens} per tile of it" if counts.images else ""
    lines = {
        **(notes or {}),
        "requests": f"{counts.requests}, if each is answered at once, as all below; at most {max_requests} if all are "
        f"refused; {cached} more are answered already",
        **({"images": f"{counts.images}"} if counts.images else {}),
        "tokens in": f"about {counts.tokens}, {CHARACTERS_PER_TOKEN} characters each{per_image}",
        "tokens out": f"at most {tokens_out}",
        "cost": _cost(counts.tokens, tokens_out, model, price),
        "time": f"about {_minutes(counts, tokens_out, limits or RateLimits()):.1f} min, {SECONDS_PER_REQUEST:g} s per "
        "request",
    }
    return "".join(f"{name:<12}{value}\n" for name, value in lines.items())


def _cost(tokens_in: int, tokens_out: int, model: str, price: Sequence[float] | None) -> str:
    row = read_prices().get(model)
    if price:
        source = "as given"
    elif row:
        price = float(row["input_usd"]), float(row["output_usd"])
        source = f"{row['source']}, {row['date']}; look whether it is still so"
    else:
        return f"not known for {model!r}: give USD for a million tokens in and out with --price IN OUT"
    usd = (tokens_in * price[0] + tokens_out * price[1]) / 1e6
    usd = math.ceil(100 * usd) / 100  # rounded up: it is an upper bound
    return f"at most {usd:.2f} USD, {price[0]:g} and {price[1]:g} for a million tokens in and out ({source})"


def _minutes(counts: UsageCounts, tokens_out: int, limits: RateLimits) -> float:
    minutes = [counts.requests * SECONDS_PER_REQUEST / 60]
    if limits.requests_per_minute:
        minutes.append(counts.requests / limits.requests_per_minute)
    if limits.tokens_per_minute:
        minutes.append((counts.tokens + tokens_out) / limits.tokens_per_minute)
    return max(minutes)
