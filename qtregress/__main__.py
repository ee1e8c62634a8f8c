"""``python -m qtregress``."""

import sys

from qtregress.cli.main import main

sys.exit(main())
