"""The worker's end."""

import subprocess
import sys

HANGING = """
import time, worker
worker.LEAVE_WITHIN = 0.1
worker.leave_in_time()
time.sleep(300)
"""


def test_a_worker_that_is_to_stop_leaves_whatever_it_waits_for() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING], timeout=120, check=False)
    assert done.returncode == 0
