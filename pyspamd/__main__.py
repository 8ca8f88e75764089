"""`python -m pyspamd` is the `pyspamd` command."""

import sys

from .cli.main import main

sys.exit(main())
