"""Which stored model a service serves."""

import os
from pathlib import Path

import bentoml
from bentoml.exceptions import InvalidArgument, NotFound

TRAIN = "python training/train.py"


SERVED = "BENTOGATE_SERVED_TAG"
"""The variable by which the command tells its workers the model that it serves."""


def tag_for_all(asked: str, root: Path) -> str:
    """Give the tag that this process, the first, and all workers that it starts serve.

    A worker that BentoML starts again asks again, and the latest of the store may be another by then.
    """
    return os.environ.setdefault(SERVED, tag_of(asked, root))


def tag_of(asked: str, root: Path) -> str:
    """Give the tag of the model to serve, version included; `asked` is `name` or `name:version`.

    In a bento that is the version it was built with: `name:latest` would stand for whatever was trained since. `root`
    is the folder above the code, which holds `bento.yaml` there. Elsewhere it is the latest of the store, unless
    `asked` names a version.
    Raises InvalidArgument for what is not stored, before BentoML would ask its cloud for it.
    """
    name, _, version = asked.partition(":")
    if (root / "bento.yaml").is_file():
        packed = [model.tag for model in bentoml.Bento.from_path(str(root)).info.all_models]
        return next(str(tag) for tag in packed if tag.name == name)
    try:
        return str(bentoml.models.get(f"{name}:{version or 'latest'}").tag)
    except NotFound:
        stored = [model.tag for model in bentoml.models.list()]
    if not stored:
        raise InvalidArgument(f"no model is trained yet; train first: {TRAIN}")
    if versions := sorted(str(tag.version) for tag in stored if tag.name == name):
        raise InvalidArgument(f"there is no version {version!r} of {name} in the store, only {', '.join(versions)}")
    names = sorted({tag.name for tag in stored})
    raise InvalidArgument(f"there is no model {name!r} in the store, only {', '.join(names)}; to train: {TRAIN}")
