"""One style for every figure: sizes, fonts, colours, and how a figure is written.

Widths are those of the article: 3.3 inches for a small figure, 6.9 for the text. Colours are those of Okabe and Ito, which
people with the common colour deficiencies can distinguish; shape repeats what colour shows. The font is a Times that comes
with matplotlib: the same on every machine, as dark and as narrow as the text's Latin Modern, with every sign that we print.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from kinesics.io.files import replacing

COLUMN, TEXT = 3.3, 6.9  # inches
BLACK, BLUE, ORANGE, GREEN, PINK = "#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, GREY = "#56B4E9", "#D55E00", "#7F7F7F"

STYLE = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.borderaxespad": 0.0,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.hashsalt": "kinesics",
}

#: Metadata by file type: none, so that the same figure is the same bytes.
METADATA = {".pdf": {"CreationDate": None, "Creator": None, "Producer": None}, ".png": {"Software": None}}


def style() -> None:
    """Set the style for what is drawn from here on, in this process."""
    mpl.rcParams.update(STYLE)


def save(page: Figure, path: str | Path) -> None:
    """Write a figure as PDF or PNG, whole or not at all. One without a layout of its own is cut to what it shows."""
    path = Path(path)
    box = None if page.get_layout_engine() else "tight"
    with mpl.rc_context(STYLE), replacing(path) as temporary:
        page.savefig(
            temporary, format=path.suffix[1:], metadata=METADATA[path.suffix], bbox_inches=box, pad_inches=0.02
        )


def figure(width: float, height: float, rows: int = 1, columns: int = 1, **grid) -> tuple[Figure, np.ndarray]:
    """Return a figure of the given size in inches in the common style, and its axes, shape (rows, columns)."""
    with mpl.rc_context(STYLE):
        page = Figure((width, height), layout="constrained")
        page.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
        return page, page.subplots(rows, columns, squeeze=False, gridspec_kw=grid or None)


def save_with_source(page: Figure, path: str | Path, source: str) -> None:
    """Write a figure of ``figure`` with a line below it that names the source of its numbers."""
    with mpl.rc_context(STYLE):
        page.supxlabel(source, x=0.995, ha="right", fontsize=6.5, color="0.35")
    save(page, path)
