"""Runs a check: looks at every service, sweeps what earlier runs left, judges the cloud, tries all proofs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from hardway.cloud.check import ground
from hardway.cloud.check.cloud import Cloud, Stopped
from hardway.cloud.check.findings import lbaas
from hardway.cloud.check.findings.whole import findings
from hardway.cloud.check.made import Made
from hardway.cloud.check.report import CloudReport, Finding, ProofResult, ServiceReport, State
from hardway.cloud.check.said import said
from hardway.cloud.check.service import Untried

if TYPE_CHECKING:
    from hardway.cloud.check.service import Proof, Service

AT_ONCE: Final = 20
"""Threads: more than there are proofs."""

Report = Callable[[str, str], None]
"""Told of progress: what it is about, and one line."""

Outcome = tuple[ProofResult, tuple[Finding, ...]]


def check(
    cloud: Cloud,
    services: Sequence[Service],
    *,
    neutron_conf: Path | None = None,
    proofs: bool = True,
    report: Report = lambda about, line: None,
) -> CloudReport:
    """All there is to say about a cloud. Interrupted, it takes away what was made before it ends.

    Raises BadCloud, before anything was touched, for a neutron.conf that cannot be read.
    """
    option = lbaas.option_in(neutron_conf) if neutron_conf else None
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check") as pool:
        versions = dict(zip(services, pool.map(partial(_look, cloud), services), strict=True))
        there = [service for service in services if versions[service] is not None]
        if proofs:
            _sweep(cloud, there, pool, report)
        # before the proofs: what they make would count as used
        found = findings(cloud, there, option)
        outcomes = _outcomes(cloud, there, partial(_prove, report=report) if proofs else _not_wanted, pool)
    learned = [finding for those in outcomes.values() for _, told in those for finding in told]
    return CloudReport(
        cloud=cloud.api.config.name or "",
        region=cloud.api.config.get_region_name() or "",
        services=tuple(_of_service(service, versions[service], outcomes.get(service, ())) for service in services),
        findings=tuple(_merged(found, learned)),
    )


def _look(cloud: Cloud, service: Service) -> str | None:
    """The service's version; None where it is not there."""
    if not service.there(cloud):
        return None
    try:
        return service.version(cloud)
    except Exception as error:
        # a service that does not tell its version is there all the same: its proof shows what is wrong with it
        return f"not told: {said(error)}"


def _sweep(cloud: Cloud, there: Iterable[Service], pool: Executor, report: Report) -> None:
    """What stands on networks first, then networks."""
    swept = {service.name: pool.submit(service.sweep, cloud) for service in there}
    _await(cloud, swept.values())
    if cloud.has("network"):
        swept["networks"] = pool.submit(ground.sweep, cloud)
        _await(cloud, (swept["networks"],))
    for name, one in swept.items():
        if (error := one.exception()) is not None:
            report(name, f"what an earlier run left could not be taken away: {said(error)}")


def _await(cloud: Cloud, futures: Iterable[Future[Any]]) -> None:
    """On Ctrl-C the proofs are told to stop, and their clearing up is awaited."""
    pending = list(futures)
    try:
        wait(pending)
    except KeyboardInterrupt:
        cloud.stop.set()
        wait(pending)
        raise


# proofs

Try = Callable[["Cloud", "Proof", str], Outcome]


def _outcomes(
    cloud: Cloud, there: Iterable[Service], attempt: Try, pool: Executor
) -> Mapping[Service, Sequence[Outcome]]:
    tried = {
        service: [
            pool.submit(attempt, cloud, proof, service.name) for proof in service.proofs if _is_there(cloud, proof)
        ]
        for service in there
    }
    _await(cloud, [one for those in tried.values() for one in those])
    return {service: [one.result() for one in those] for service, those in tried.items()}


def _is_there(cloud: Cloud, proof: Proof) -> bool:
    try:
        return proof.there(cloud)
    except Exception:
        # a service that cannot even be asked what it has: another proof of it shows why
        return False


def _not_wanted(cloud: Cloud, proof: Proof, service: str) -> Outcome:
    return ProofResult(proof.name, proof.proves, State.NOT_TRIED, "no proofs were wanted", 0.0), ()


def _prove(cloud: Cloud, proof: Proof, service: str, report: Report) -> Outcome:
    began = monotonic()
    made = Made()
    state, evidence, learned = _tried(cloud, proof, made)
    if left := made.take_away():
        state, evidence = State.FAILED, f"{evidence}; still there: {', '.join(left)}"
    result = ProofResult(proof.name, proof.proves, state, evidence, monotonic() - began)
    report(f"{service}, {proof.name}", f"{state.value} ({result.seconds:.1f} s)")
    return result, learned


def _tried(cloud: Cloud, proof: Proof, made: Made) -> tuple[State, str, tuple[Finding, ...]]:
    try:
        proved = proof.run(cloud, made)
    except Untried as untried:
        return State.NOT_TRIED, str(untried), ()
    except Stopped:
        return State.NOT_TRIED, "it was interrupted", ()
    except Exception as error:
        # whatever a sick cloud answers, a proof that stumbles over it has failed
        return State.FAILED, said(error), ()
    return State.PASSED, proved.evidence, proved.findings


# what is reported


def _of_service(service: Service, version: str | None, outcomes: Sequence[Outcome]) -> ServiceReport:
    return ServiceReport(
        name=service.name,
        counterpart=service.counterpart,
        there=version is not None,
        version=version or "",
        proofs=tuple(result for result, _ in outcomes),
    )


def _merged(read: Sequence[Finding], learned: Iterable[Finding]) -> list[Finding]:
    """What a proof learned takes the place of what was read about the same."""
    newer = {one.about: one for one in learned}
    return [newer.get(one.about, one) for one in read]
