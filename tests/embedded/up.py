"""What `starter.py up` does, with a stand-in for the worker: `up.py HOME PORT_BASE`."""

import asyncio
import sys
from pathlib import Path

from embedded.errors import StackError
from embedded.stack import StackOptions, run_up
from settings import load

WORKER = Path(__file__).with_name("stand_in_worker.py")


def progress(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    options = StackOptions(Path(sys.argv[1]), port_base=int(sys.argv[2]), worker_script=WORKER)
    try:
        sys.exit(asyncio.run(run_up(options, load(), progress)))
    except StackError as error:
        sys.exit(f"refused: {error}")
