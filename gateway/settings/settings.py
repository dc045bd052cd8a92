"""The settings: gateway.yaml, and environment variables over it (`GATEWAY_BACKENDS__DIAGNOSIS__URL`)."""

from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from contract import MOST_ROWS, NAME_PATTERN
from gateway.settings.backend import BackendSettings
from gateway.settings.drift import DriftSettings
from gateway.settings.nesting import check_routes
from gateway.settings.parts import LONGEST_TIMEOUT_S, Timeout, fault, listed_by_commas, nothing_if_empty, shortened
from gateway.settings.predictions import PredictionLogSettings
from gateway.settings.routes import RouteSettings

PREFIX = "GATEWAY_"


class SettingsError(ValueError):
    """Report settings that cannot be; each line names the place and what is wrong there."""


class Settings(BaseSettings):
    """Hold everything that can be set, checked as a whole.

    Units are in the names. `root_path` is the prefix under which a proxy shows the gateway, if it does; `tls_dir` holds
    `tls.crt` and `tls.key`; without a `grpc_port` there is no gRPC.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)
    admin_host: str = "127.0.0.1"
    admin_port: int = Field(default=8081, ge=0, le=65535)
    tls_port: int = Field(default=8443, ge=0, le=65535)
    tls_dir: Annotated[Path | None, BeforeValidator(nothing_if_empty)] = None
    grpc_port: Annotated[int | None, BeforeValidator(nothing_if_empty)] = Field(default=None, ge=0, le=65535)
    root_path: str = Field(default="", pattern=r"^(/[^/\s?#]+)*$")
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed_by_commas)] = ()
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(listed_by_commas)] = ()
    access_log: bool = True
    console: bool = True
    tracing: bool = False
    timeout_s: Timeout = 10.0
    max_rows: int = Field(default=MOST_ROWS, ge=1)
    max_body_mb: float = Field(default=16.0, gt=0, le=1024)
    max_connections: Annotated[int | None, BeforeValidator(nothing_if_empty)] = Field(default=None, ge=1)
    keep_alive_s: float = Field(default=75.0, gt=0, allow_inf_nan=False)
    max_lag_ms: float = Field(default=100.0, gt=0, allow_inf_nan=False)
    max_memory_ratio: float = Field(default=0.92, gt=0, le=1)
    refresh_s: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    ready_after_s: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    drain_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    grace_s: float = Field(default=LONGEST_TIMEOUT_S, ge=0, allow_inf_nan=False)
    drift: DriftSettings = DriftSettings()
    prediction_log: PredictionLogSettings = PredictionLogSettings()
    backends: dict[str, BackendSettings] = Field(min_length=1)
    routes: dict[str, RouteSettings] = {}
    default: str

    @model_validator(mode="after")
    def ports_differ(self) -> "Settings":
        """Check that no two listeners have one port; 0 is any free one."""
        ports = {
            "port": self.port,
            "admin_port": self.admin_port,
            "tls_port": self.tls_port if self.tls_dir else 0,
            "grpc_port": self.grpc_port or 0,
        }
        for (one, its), (other, port) in combinations(ports.items(), 2):
            if its == port != 0:
                at, beside = (one, other) if one in self.model_fields_set else (other, one)
                raise fault((at,), f"and {beside} are both {port}")
        return self

    @model_validator(mode="after")
    def names_fit(self) -> "Settings":
        """Check that names are names, that no two are the same, and that what they name is there."""
        for at, names in (("backends", self.backends), ("routes", self.routes)):
            for name in names:
                if not NAME_PATTERN.fullmatch(name):
                    raise fault((at, name), f"is no name: it must match {NAME_PATTERN.pattern}")
        for name in self.routes:
            if name in self.backends:
                raise fault(("routes", name), "has the name of a backend")
        check_routes(self.routes, self.backends)
        if self.default not in {*self.backends, *self.routes}:
            known = listed({**self.backends, **self.routes})
            raise fault(("default",), f"names {shortened(self.default)!r}, but there are {known}")
        return self

    @model_validator(mode="after")
    def times_fit(self) -> "Settings":
        """Check that a fallback leaves each of its models some of the route's time."""
        for name, route in self.routes.items():
            if route.fallback is None or route.fallback.within_s is None:
                continue
            *before, last = [one for one in route.fallback.to if isinstance(one, str)]
            if before and len(before) * route.fallback.within_s >= self.timeouts[name]:
                told = f"leaves {last} nothing of the {self.timeouts[name]:g} s that {name} has"
                raise fault(("routes", name, "fallback", "within_s"), told)
        return self

    @property
    def timeouts(self) -> dict[str, float]:
        """Give the deadline of each public name, in seconds."""
        names: dict[str, BackendSettings | RouteSettings] = {**self.backends, **self.routes}
        return {name: one.timeout_s or self.timeout_s for name, one in names.items()}

    @property
    def max_body_bytes(self) -> int:
        """Give the largest body in bytes."""
        return int(self.max_body_mb * 2**20)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (pydantic hands it over by name)
        *_: Any,
        **sources: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment over what the file gave."""
        return sources["env_settings"], sources["init_settings"]


def listed(names: Any) -> str:
    """List names."""
    return ", ".join(sorted(names))
