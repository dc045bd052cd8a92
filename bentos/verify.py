"""Ask a stored model its golden rows: python -m bentos.verify FOLDER.

The service runs this as a process of its own before any worker: a failure there ends the service once, with the
message, and what it took to ask is gone from memory afterwards.
"""

import sys
from pathlib import Path

from bentos.artifact import ArtifactError, load

if __name__ == "__main__":
    try:
        load(Path(sys.argv[1]))
    except ArtifactError as exc:
        sys.exit(str(exc))
