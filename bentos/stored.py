"""Which stored model a service serves."""

from pathlib import Path

import bentoml
from bentoml.exceptions import InvalidArgument, NotFound

TRAIN = "python training/train.py"


def tag_of(name: str, root: Path) -> str:
    """Give the tag of the model to serve, version included.

    In a bento that is the version it was built with: `name:latest` would stand for whatever was trained since. `root`
    is the folder above the code, which holds `bento.yaml` there. Elsewhere it is the latest of the store.
    Raises InvalidArgument for a name that is not stored, before BentoML would ask its cloud for it.
    """
    if (root / "bento.yaml").is_file():
        packed = [model.tag for model in bentoml.Bento.from_path(str(root)).info.all_models]
        return next(str(tag) for tag in packed if tag.name == name)
    try:
        return str(bentoml.models.get(f"{name}:latest").tag)
    except NotFound:
        stored = sorted({model.tag.name for model in bentoml.models.list()})
    if not stored:
        raise InvalidArgument(f"no model is trained yet; train first: {TRAIN}")
    raise InvalidArgument(f"there is no model {name!r} in the store, only {', '.join(stored)}; to train: {TRAIN}")
