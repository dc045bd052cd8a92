"""Where requests enter: routes, plans and backends. It holds no model code; it learns each model from its server."""
