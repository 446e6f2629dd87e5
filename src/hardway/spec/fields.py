"""What fields of the spec are made of: names, patterns, flags as YAML has them, and the model that all sections share.

Pure.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

LABEL_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
DOMAIN_PATTERN: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$"
FLAG_NAME_PATTERN: Final = r"^[a-z][a-z0-9-]*$"
FLAG_VALUE_PATTERN: Final = r"^[A-Za-z0-9_@:,./=+*{}()\[\]|~^!#?&<>-]*$"
"""What systemd takes literally in a command line (systemd.service(5), "COMMAND LINES")."""
INTERFACE_PATTERN: Final = r"^[a-zA-Z0-9._-]{1,15}$"
URL_PATTERN: Final = r"^https?://[^\s]+$"
SUITE_PATTERN: Final = r"^[a-z]+$"
HOST_KEY_PATTERN: Final = r"^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+={0,2}$"
USER_PATTERN: Final = r"^[a-z_][a-z0-9_-]{0,31}$"
OBJECT_PATTERN: Final = r"^[^\s/][^/]{0,127}$"


def _flag_text(value: object) -> object:
    """A flag's value as the command line wants it, so that `v: 2` and `profiling: false` need no quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Label = Annotated[str, Field(pattern=LABEL_PATTERN)]
"""An RFC 1123 label."""
Domain = Annotated[str, Field(pattern=DOMAIN_PATTERN, max_length=253)]
"""A DNS name in lower case (RFC 1123)."""
FlagName = Annotated[str, Field(pattern=FLAG_NAME_PATTERN)]
FlagValue = Annotated[
    str,
    Field(pattern=FLAG_VALUE_PATTERN, description="ASCII without white space, quotes, $, %, ;, backquote or backslash"),
    BeforeValidator(_flag_text, json_schema_input_type=str | int | float | bool),
]


HostKey = Annotated[str, Field(pattern=HOST_KEY_PATTERN)]
"""A public SSH key as known_hosts has it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), without the host."""
UserName = Annotated[str, Field(pattern=USER_PATTERN)]
ObjectName = Annotated[str, Field(pattern=OBJECT_PATTERN)]
"""The name (or id) of something in a cloud."""


class Model(BaseModel):
    """Frozen, closed to unknown keys, camelCase in YAML."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )
