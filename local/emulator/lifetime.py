"""The emulator from its start to its end in this process, which it has only once."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.s3.models import S3Backend

_SETTINGS = (
    ("stepfunctions", "execute_state_machine", True),
    ("lambda", "use_docker", False),
)


@contextmanager
def emulator() -> Iterator[None]:
    """Let the emulator execute state machines and leave functions to us, and be quiet.

    In the end it is empty, and as it was before.
    """
    settings: dict[str, Any] = default_user_config
    logger = logging.getLogger("moto.stepfunctions")
    before = [(service, name, settings[service][name]) for service, name, _ in _SETTINGS]
    level = logger.level
    _configure(settings, _SETTINGS)
    # It logs every failure of a task as an error of its own; the history has them all.
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        empty()
        logger.setLevel(level)
        _configure(settings, before)


def empty() -> None:
    """Throw away all resources. The emulator's own way makes every backend anew to do so."""
    with backend_lock:
        for service in BackendDict._instances:
            for _, _, backend in service.iter_backends():
                if isinstance(backend, S3Backend):
                    backend.reset()  # closes the files that hold its objects
            service.clear()
        BackendDict._instances.clear()
    reset_model_data()


def _configure(settings: dict[str, Any], values: Iterable[tuple[str, str, Any]]) -> None:
    for service, name, value in values:
        settings[service][name] = value
