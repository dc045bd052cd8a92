"""The models that there are: every module of the folder that does not begin with an underscore."""

import importlib.util
import sys
import traceback
from pathlib import Path

from models.form import Model

FOLDER = Path(__file__).parent
NOT_MODELS = {"__init__", "catalog", "form", "outputs"}
"""The modules of this very folder that are none."""


class CatalogError(ValueError):
    """Report a file of a model that breaks the form; the message begins with the file's name."""


def model_names(folder: Path = FOLDER) -> list[str]:
    """Name the models of a folder, without importing them."""
    stems = (path.stem for path in folder.glob("*.py"))
    others = NOT_MODELS if folder == FOLDER else set()
    return sorted(stem for stem in stems if stem not in others and not stem.startswith("_"))


def check_names(folder: Path, names: list[str]) -> None:
    """Raise CatalogError for a name that there is not; it lists those that there are."""
    known = model_names(folder)
    for name in names:
        if name not in known:
            raise CatalogError(f"there is no model {name!r}; there are: {', '.join(known) or 'none'}")


def catalog(folder: Path = FOLDER, names: list[str] | None = None) -> dict[str, Model]:
    """Import the models of a folder, all or those named.

    Raises CatalogError with file and field for the first that breaks the form, and for a name that there is not.
    """
    check_names(folder, names or [])
    return {name: read_model(folder / f"{name}.py") for name in names or model_names(folder)}


def read_model(path: Path) -> Model:
    """Import one file and give its MODEL; raises CatalogError."""
    place = f"{path.parent.name}/{path.name}"
    qualified = f"{__name__}.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(qualified, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module
    try:
        spec.loader.exec_module(module)
    except Exception as exc:  # whatever a user's file raises is told with its name
        frames = [frame for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(path)]
        line = f", line {frames[-1].lineno}" if frames else ""
        raise CatalogError(f"{place}{line}: {type(exc).__name__}: {exc}") from exc
    model = getattr(module, "MODEL", None)
    if not isinstance(model, Model):
        raise CatalogError(f"{place}: MODEL is missing, or is no models.Model")
    if model.name != path.stem:
        raise CatalogError(f"{place}: name: must be that of the file, {path.stem!r}, not {model.name!r}")
    return model
