"""What the protocol's metadata says of a model: its tensors, and where it comes from."""

from typing import Any

import msgspec

from contract.contract import Contract
from contract.feature import Feature, Output
from contract.interface import Interface


def model_metadata(contract: Interface) -> dict[str, Any]:
    """Describe a model as the protocol does."""
    runtime = contract.runtime if isinstance(contract, Contract) else "declared"
    return {
        "name": contract.name,
        "versions": [contract.version],
        "platform": f"bentogate_{runtime}",
        "inputs": [tensor_metadata(feature) for feature in contract.features],
        "outputs": [tensor_metadata(output) for output in contract.outputs],
        "properties": properties(contract),
    }


def tensor_metadata(field: Feature | Output) -> dict[str, Any]:
    """Describe a column; what the protocol has no room for is in `parameters`, whose values are never lists.

    So the categories are there as the text of a JSON array: any text may be a category, with commas too.
    """
    known = {
        "type": field.type,
        "description": field.description,
        "unit": field.unit or None,
        "nullable": field.nullable if isinstance(field, Feature) else field.nullable or None,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "categories": msgspec.json.encode(field.categories).decode() if field.categories else None,
        "example": getattr(field, "example", None),
    }
    parameters = {name: value for name, value in known.items() if value is not None}
    return {"name": field.name, "datatype": field.datatype, "shape": [-1], "parameters": parameters}


def properties(contract: Interface) -> dict[str, str]:
    """Say in strings what a model was made of and when; what is not known, as of a declared one, is left out."""
    if not isinstance(contract, Contract):
        return {"description": contract.description}
    made = contract.provenance
    known = {
        "description": contract.description,
        "task": contract.task,
        "runtime": contract.runtime,
        "digest": made.digest,
        "trained": made.trained.isoformat() if made.trained else "",
        **{f"library.{name}": version for name, version in made.libraries.items()},
    }
    return {name: value for name, value in known.items() if value}
