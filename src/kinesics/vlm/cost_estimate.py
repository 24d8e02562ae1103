"""What a run will cost, in requests, tokens, money and time, before the first request is sent."""

import math
from collections.abc import Mapping, Sequence

from kinesics.io.package_data import package_file
from kinesics.io.validation import read_table, schema
from kinesics.vlm.messages import image, text

#: English text has about four characters a token (OpenAI's help page "What are tokens").
CHARACTERS_A_TOKEN = 4
#: OpenAI's guide to images: a picture is fitted into 2048 x 2048 pixels, scaled to a shorter side of 768, and cut into
#: tiles of 512; each costs tokens, and so does the picture. With low detail it costs those of the picture only.
LONGER, SHORTER, TILE = 2048, 768, 512
#: Tokens of a picture and of a tile for models that are not in ``prices.csv``: those of gpt-4o.
IMAGE_TOKENS, TILE_TOKENS = 85, 170
#: The pause between requests in the released code of Lian et al. (main.py), and more than most answers take.
SECONDS_A_REQUEST = 20.0


class UsageTally:
    """Counts requests, pictures and tokens of what would be sent to a model."""

    def __init__(self, model: str = ""):
        row = read_prices().get(model, {})
        self.image_tokens = int(row.get("image_tokens", IMAGE_TOKENS))
        self.tile_tokens = int(row.get("tile_tokens", TILE_TOKENS))
        self.requests = self.images = self.tokens = 0

    def add(self, messages: list[dict]) -> int:
        """Count a request; return about how many tokens it has."""
        pictures = [part["image_url"] for part in messages[0]["content"] if part["type"] == "image_url"]
        tokens = math.ceil(len(text(messages)) / CHARACTERS_A_TOKEN)
        for picture in pictures:
            tokens += self.image_tokens
            if picture.get("detail") != "low":
                tokens += self.tile_tokens * tiles(*image(picture["url"]).shape[:2])
        self.requests += 1
        self.images += len(pictures)
        self.tokens += tokens
        return tokens


def tiles(height: int, width: int) -> int:
    """Return the tiles of a picture, as OpenAI's guide counts them."""
    scale = min(1, LONGER / max(height, width))
    scale *= SHORTER / (min(height, width) * scale)
    return math.ceil(round(height * scale) / TILE) * math.ceil(round(width * scale) / TILE)


def read_prices() -> dict[str, dict[str, str]]:
    """Return the rows of ``prices.csv`` by model."""
    return {row["model"]: row for row in read_table(package_file("kinesics.vlm", "prices.csv"), schema("vlm_prices"))}


def format_estimate(
    tally: UsageTally,
    model: str,
    kept: int,
    most_requests: int,
    most_tokens: int,
    price: Sequence[float] | None = None,
    about: Mapping[str, str] | None = None,
    requests_a_minute: float | None = None,
    tokens_a_minute: float | None = None,
) -> str:
    """Return what a dry run counted, as lines of text, after those of ``about``.

    ``kept`` requests are answered already; ``most_requests`` are needed if all are refused down to single items, and
    ``most_tokens`` is the limit of an answer. ``price`` is US dollars for a million tokens in and out, by default the
    model's in ``prices.csv``. Tokens, cost and time are those of requests that are each answered at once.
    """
    most_out = tally.requests * most_tokens
    row = read_prices().get(model)
    if price:
        source = "as given"
    elif row:
        price = float(row["input_usd"]), float(row["output_usd"])
        source = f"{row['source']}, {row['date']}; look whether it is still so"
    if price:
        usd = (tally.tokens * price[0] + most_out * price[1]) / 1e6
        usd = math.ceil(100 * usd) / 100  # so that it is no less than at most
        cost = f"at most {usd:.2f} USD, {price[0]:g} and {price[1]:g} for a million tokens in and out ({source})"
    else:
        cost = f"not known for {model!r}: give USD for a million tokens in and out with --price IN OUT"
    minutes = [tally.requests * SECONDS_A_REQUEST / 60]
    if requests_a_minute:
        minutes.append(tally.requests / requests_a_minute)
    if tokens_a_minute:
        minutes.append((tally.tokens + most_out) / tokens_a_minute)
    shown = f", {tally.image_tokens} for a picture and {tally.tile_tokens} for a tile of it" if tally.images else ""
    lines = {
        **(about or {}),
        "requests": f"{tally.requests}, if each is answered at once, as all below; at most {most_requests} if all are "
        f"refused; {kept} more are answered already",
        **({"pictures": f"{tally.images}"} if tally.images else {}),
        "tokens in": f"about {tally.tokens}, {CHARACTERS_A_TOKEN} characters each{shown}",
        "tokens out": f"at most {most_out}",
        "cost": cost,
        "time": f"about {max(minutes):.1f} min, {SECONDS_A_REQUEST:g} s a request",
    }
    return "".join(f"{name:<12}{value}\n" for name, value in lines.items())
