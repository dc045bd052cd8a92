"""What gateway.yaml and the environment say, checked whole before anything of it is used."""

from gateway.settings.backend import BackendSettings, BreakerSettings, RetrySettings
from gateway.settings.drift import DriftSettings
from gateway.settings.file import read_settings
from gateway.settings.predictions import PredictionLogSettings
from gateway.settings.routes import RouteSettings
from gateway.settings.settings import PREFIX, Settings, SettingsError

__all__ = [
    "PREFIX",
    "BackendSettings",
    "BreakerSettings",
    "DriftSettings",
    "PredictionLogSettings",
    "RetrySettings",
    "RouteSettings",
    "Settings",
    "SettingsError",
    "read_settings",
]
