"""The settings of drift: whether the data of models is compared with that of their training."""

from pydantic import Field

from gateway.settings.parts import Strict


class DriftSettings(Strict):
    """Say over how many rows, and how probable it is that such a window raises an alarm by chance, all fields together.

    The larger the window, the smaller the shifts that it shows, and the later it shows them.
    """

    enabled: bool = True
    window_rows: int = Field(default=500, ge=100, le=10_000_000)
    false_alarms: float = Field(default=0.01, gt=0, le=0.5)
