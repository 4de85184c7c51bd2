"""Logs: readable lines on a terminal, JSON elsewhere; always to standard error."""

from __future__ import annotations

import io
import logging
import sys
from typing import TextIO

import structlog

from orchestrator.core.printable import escaped


def set_up(*, debug: bool) -> None:
    """Configure structlog once for this process."""
    # The rich traceback renders every local of every frame: seconds in which the event loop stands still.
    readable = structlog.dev.ConsoleRenderer(exception_formatter=_traceback)
    renderer = readable if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info if not sys.stderr.isatty() else _keep,
            _written_out,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _written_out(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: escaped(value) if isinstance(value, str) else value for name, value in event.items()}


def _traceback(stream: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    stream.write(escaped(plain.getvalue()))


def _keep(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event
