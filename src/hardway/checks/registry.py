"""All checks, each after those it depends on: the one list that a new check is added to."""

from __future__ import annotations

from typing import Final

from hardway.checks.access import execute, logs, port_forward
from hardway.checks.admission import aggregated_api, webhook
from hardway.checks.anonymous import anonymous_api, anonymous_kubelets
from hardway.checks.api import api_servers, vip
from hardway.checks.certificates import certificates
from hardway.checks.check import Check
from hardway.checks.dns import dns_inside, dns_outside
from hardway.checks.encryption import encryption
from hardway.checks.etcd import etcd
from hardway.checks.leader import leaders
from hardway.checks.machines import machines
from hardway.checks.network import cluster_ip, node_port, pod_to_pod
from hardway.checks.nodes import nodes
from hardway.checks.pods import pods
from hardway.checks.storage import storage
from hardway.checks.tokens import service_account_token
from hardway.checks.units import units

CHECKS: Final[tuple[Check, ...]] = (
    machines,
    units,
    certificates,
    etcd,
    api_servers,
    vip,
    leaders,
    encryption,
    nodes,
    anonymous_api,
    anonymous_kubelets,
    service_account_token,
    pods,
    storage,
    pod_to_pod,
    cluster_ip,
    node_port,
    dns_inside,
    dns_outside,
    logs,
    execute,
    port_forward,
    webhook,
    aggregated_api,
)
