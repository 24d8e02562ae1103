"""Run ``python -m kinesics.cli``."""

import sys

from kinesics.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
