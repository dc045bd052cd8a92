"""What each model is: one file per model, found by the catalog."""

from models.catalog import CatalogError, catalog, model_names
from models.form import Bar, Data, Model, Threshold

__all__ = ["Bar", "CatalogError", "Data", "Model", "Threshold", "catalog", "model_names"]
