"""Why a model is not added."""


class ScaffoldError(Exception):
    """Report what stands in the way, in words that name the fix; nothing was changed."""
