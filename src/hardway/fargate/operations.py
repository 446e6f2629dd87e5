"""What `hardway fargate` does: reads the configuration, opens AWS and the Kubernetes API, and hands over."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hardway.fargate.configuration import load, option, sysconfig
from hardway.fargate.faults import FargateFault
from hardway.fargate.settings import Settings
from hardway.kube.api import Access
from hardway.kube.client import KubeClient
from hardway.spec.faults import Fault, SpecFaults

if TYPE_CHECKING:
    from hardway.fargate.agent.aws import Aws
    from hardway.fargate.agent.doctor import Finding
    from hardway.fargate.agent.pairs import Pair

NEEDED: Final = ("boto3", "aiohttp")
DEFAULT_CONFIG: Final = Path("fargate.toml")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; what it leaves out comes from the unit's environment file, then the environment."""

    config: Path | None = None
    kubeconfig: Path | None = None
    sysconfig: Path | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The options, resolved."""

    settings: Settings
    kubeconfig: Path


def check_extra() -> None:
    """Raises FargateFault where hardway was installed without its extra."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        advice = "install hardway with its extra: pip install 'hardway[fargate]'"
        raise FargateFault(f"{' and '.join(missing)} is not installed here", advice=advice)


def resolve(options: Options, environment: Mapping[str, str] = os.environ) -> Told:
    """Raises SpecFaults."""
    given = sysconfig(options.sysconfig) if options.sysconfig else {}
    variables = {**environment, **given}
    config = options.config or Path(variables.get("PROVIDER_CONFIG") or DEFAULT_CONFIG)
    settings = load(config, _overrides(variables))
    named = options.kubeconfig or option(given, "kubeconfig") or variables.get("KUBECONFIG")
    kubeconfig = Path(named) if named else Path.home() / ".kube" / "config"
    if not kubeconfig.is_file():
        what = "there is no such kubeconfig"
        raise SpecFaults((Fault(str(kubeconfig), 0, 0, "", what, "name one with --kubeconfig"),))
    return Told(settings, kubeconfig)


def _overrides(variables: Mapping[str, str]) -> dict[str, Any]:
    overrides: dict[str, Any] = {}
    port = variables.get("KUBELET_PORT", "")
    if port.isdecimal() and len(port) < 6:
        overrides["KubeletPort"] = int(port)
    name = option(variables, "nodename")
    return {**overrides, "NodeName": name} if name else overrides


async def run(options: Options) -> None:
    """The agent, until it is told to end. Raises SpecFaults, FargateFault, ApiError, ApiUnavailable."""
    check_extra()
    from hardway.fargate.agent.run import run as run_agent

    told = resolve(options)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for noisy in ("botocore", "boto3", "httpx", "httpx2", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    name = told.settings.node_name
    await run_agent(told.settings, told.kubeconfig, lambda: logging.info("node %s is kept", name))


@asynccontextmanager
async def _opened(options: Options) -> AsyncGenerator[tuple[Settings, Aws, KubeClient]]:
    check_extra()
    from hardway.fargate.agent.aws import Aws

    told = resolve(options)
    aws = Aws(told.settings.region, told.settings.endpoint)
    try:
        async with KubeClient(Access(told.kubeconfig)) as client:
            yield told.settings, aws, client
    finally:
        aws.close()


async def doctor(options: Options) -> Sequence[Finding]:
    """Raises SpecFaults, FargateFault."""
    async with _opened(options) as (settings, aws, client):
        from hardway.fargate.agent.doctor import examine

        return await examine(settings, aws, client)


async def ps(options: Options) -> Sequence[Pair]:
    """Raises SpecFaults, FargateFault, ApiError, ApiUnavailable."""
    async with _opened(options) as (settings, aws, client):
        from hardway.fargate.agent.pairs import pairs

        return await pairs(settings, aws, client)
