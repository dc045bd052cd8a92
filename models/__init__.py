"""What each model is: one file per model, found by the catalog."""

from models.catalog import CatalogError, catalog, model_names
from models.form import Bar, Data, Model
from models.outputs import Named, Threshold

__all__ = ["Bar", "CatalogError", "Data", "Model", "Named", "Threshold", "catalog", "model_names"]
