"""How a model is fitted, judged and stored."""
