"""What a port really says: the certificate of a TLS server, the answer to an HTTP request. Over unix sockets only."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

PATIENCE: Final = 8.0
"""Seconds for one answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    text: str


async def serving_certificate(socket: Path, host: str) -> bytes:
    """The certificate (PEM) that a TLS server shows to one who asks for `host`; nothing is verified here.

    In TLS 1.3 a server shows its certificate before it asks for ours. Raises OSError, TimeoutError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(PATIENCE):
        _, writer = await asyncio.open_unix_connection(socket, ssl=context, server_hostname=host)
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return ssl.DER_cert_to_PEM_cert(der).encode()
    finally:
        writer.transport.abort()


async def get(socket: Path | None, url: str, authority: bytes | None = None) -> Answer:
    """GET without credentials, through the socket where one is given; TLS verified against `authority` (PEM).

    Raises httpx.HTTPError.
    """
    context = ssl.create_default_context(cadata=authority.decode()) if authority is not None else False
    uds = None if socket is None else str(socket)
    transport = httpx.AsyncHTTPTransport(verify=context, uds=uds, trust_env=False)
    async with httpx.AsyncClient(transport=transport, timeout=PATIENCE, trust_env=False) as client:
        response = await client.get(url)
        return Answer(response.status_code, response.text)
