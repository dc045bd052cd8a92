"""Train the models: python training/train.py --help."""

import sys
from pathlib import Path

if not __package__:
    # Run as a script, Python looks for modules beside this file, where `profile` would hide the standard library's.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from training.command import app

if __name__ == "__main__":
    app()
