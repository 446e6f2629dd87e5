"""Chooses threads of the system for oslo.service: nobody chooses under WSGI, and its default is eventlet."""

from __future__ import annotations

from oslo_service import backend


def use_threads() -> None:
    """Before anything of oslo.service is used. With eventlet's, listening threads would silently never run."""
    backend.init_backend(backend.BackendType.THREADING)
