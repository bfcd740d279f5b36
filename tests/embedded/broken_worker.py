"""Stands for a `worker.py` that cannot start."""

import sys

sys.exit("wrong settings: BEIAN_CORRECTION_DAYS")
