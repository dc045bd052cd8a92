"""Adding a model: its file, its test, its manifests, and its lines in the files that name all models."""
