"""Ways to a machine's SSH port: straight, through the cloud's SOCKS proxy, through a jump host. Touches the network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from socket import socket

from hardway.machines.provider import Endpoint
from hardway.machines.transport import Unreachable
from hardway.spec.openstack import JumpHost

WITHIN = 15.0
"""Seconds for a connection through the proxy."""


def through_proxy(proxy: str, host: str, port: int) -> Callable[[], Awaitable[socket]]:
    """Makes a connected socket through a SOCKS5 proxy, which also resolves the name. It raises OSError."""

    async def connect() -> socket:
        from python_socks import ProxyError
        from python_socks import ProxyTimeoutError as TooLate
        from python_socks.async_.asyncio import Proxy

        try:
            return await Proxy.from_url(plain_proxy(proxy), rdns=True).connect(host, port, timeout=WITHIN)
        except TooLate as fault:
            raise TimeoutError from fault
        except ProxyError as fault:
            raise OSError(f"the proxy {proxy} does not get there: {fault}") from fault

    return connect


async def log_in(endpoint: Endpoint | None) -> str | None:
    """Log in, and leave; None where that works, else why not."""
    from hardway.machines.ssh import connect  # asyncssh: not for every reading of a spec

    if endpoint is None:
        return "there is no way to it yet"
    try:
        transport = await connect(endpoint)
    except Unreachable as fault:
        return fault.why
    await transport.close()
    return None


def plain_proxy(proxy: str) -> str:
    """With the scheme that Kubernetes' clients know: in Go, socks5 leaves names to the proxy as socks5h does."""
    return proxy.replace("socks5h://", "socks5://", 1)


def jump(host: JumpHost) -> Endpoint:
    """The machine that others are reached through."""
    return Endpoint(
        machine=host.address,
        host=host.address,
        port=host.port,
        user=host.user,
        client_key=Path(host.private_key).expanduser(),
        host_key=host.host_key,
    )
