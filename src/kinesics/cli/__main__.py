"""Run ``python -m kinesics.cli``."""

import sys

from kinesics.cli.main import main

sys.exit(main())
