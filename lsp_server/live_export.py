"""The live ways out of telemetry that the user has asked for: OpenTelemetry, Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ghostlap.lsp_server.config import TelemetrySettings
from ghostlap.lsp_server.version import VERSION
from ghostlap.telemetry import Trace, wall_clock_offset_ns

if TYPE_CHECKING:
    from ghostlap.telemetry import Sink

__all__ = ["LiveExport"]

log = logging.getLogger(__name__)


class LiveExport:
    """What the recorder hands its keystrokes on to. Opened late: in the recorder's thread.

    What is missing, an extra or a port, is said once in the log; suggestions and the database go
    on without.
    """

    def __init__(self, settings: TelemetrySettings) -> None:
        self._settings = settings
        self._targets: list[Sink] | None = None

    @property
    def wanted(self) -> bool:
        return bool(self._settings.otlp_endpoint or self._settings.prometheus_port)

    def written(self, session: str, traces: Sequence[Trace]) -> None:
        if self._targets is None:
            self._targets = [*self._otlp(), *self._prometheus()]
        for target in self._targets:
            target.written(session, traces)

    def close(self) -> None:
        for target in self._targets or ():
            target.close()

    def _otlp(self) -> list[Sink]:
        if not self._settings.otlp_endpoint:
            return []
        try:
            from ghostlap.telemetry.exporters.otlp import (  # noqa: PLC0415 - an extra
                LiveOtlp,
                OtlpSender,
            )
        except ImportError:
            log.warning(
                "telemetry.otlp_endpoint needs OpenTelemetry: install ghostlap[otel], or unset it."
            )
            return []
        sender = OtlpSender(self._settings.otlp_endpoint, version=VERSION)
        return [LiveOtlp(sender, offset_ns=wall_clock_offset_ns())]

    def _prometheus(self) -> list[Sink]:
        if not self._settings.prometheus_port:
            return []
        from ghostlap.telemetry.exporters.prometheus import (  # noqa: PLC0415 - rarely wanted
            PrometheusEndpoint,
        )

        try:
            return [PrometheusEndpoint(self._settings.prometheus_port)]
        except OSError as error:
            log.warning(
                "telemetry.prometheus_port %d: %s. Another server of yours may have it.",
                self._settings.prometheus_port,
                error.strerror,
            )
            return []
