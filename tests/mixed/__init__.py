"""Two models of the same columns, numbers, whole numbers, booleans and categories, each nullable and not."""
