"""Stands for `worker.py`: notes its environment, says that it is ready, and waits."""

import json
import os
import signal
import sys
from pathlib import Path

home = Path(os.environ["BEIAN_HOME"])
(home / "worker-environment.json").write_text(json.dumps(dict(os.environ)))
sys.stdout.write("worker ready\n")
signal.pause()
