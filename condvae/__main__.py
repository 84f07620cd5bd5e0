"""python -m condvae"""

import sys

from condvae.cli import entry

sys.exit(entry())
