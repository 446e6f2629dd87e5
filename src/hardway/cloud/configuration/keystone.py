"""keystone.conf: who may do what. Tokens are signed (Fernet), so none is stored. Pure."""

from __future__ import annotations

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import Settings

FERNET, CREDENTIAL = "fernet", "credential"
"""Key repositories, below the cloud's keys."""


def keystone(settings: Settings) -> Sections:
    keys = settings.place.keys
    return {
        "DEFAULT": {"use_stderr": True},
        "database": settings.database("keystone"),
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": {"key_repository": keys / FERNET},
        "fernet_receipts": {"key_repository": keys / FERNET},
        "credential": {"key_repository": keys / CREDENTIAL},
        # bcrypt's least: the passwords are long and random, and each token would otherwise cost a quarter of a second.
        "identity": {"password_hash_rounds": 4},
        "cache": {"enabled": True, "backend": "oslo_cache.dict"},
    }
