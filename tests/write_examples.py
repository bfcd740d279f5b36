"""Writes `examples/` anew, from what `operations/examples.py` says: `python -m tests.write_examples`."""

import shutil
from pathlib import Path

from operations.examples import example_names, write_example

FOLDER = Path(__file__).parents[1] / "examples"


def main() -> None:
    """Everything but the invented calendar, which is no application."""
    shutil.rmtree(FOLDER / "materials", ignore_errors=True)
    for file in FOLDER.glob("*.yaml"):
        if not file.name.startswith("calendar-"):
            file.unlink()
    for name in example_names():
        write_example(name, FOLDER, None)


if __name__ == "__main__":
    main()
