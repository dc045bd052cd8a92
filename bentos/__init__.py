"""How a stored model is served: one BentoML service for any of them."""
