"""The pod network: flannel carries packets between workers, the bridge plugin connects pods on one worker.

Each worker's pod range is known beforehand (spec/addresses.py) and laid on its Node object. So the plugin's
configuration is a file like any other, with the range in it, and a pod gets its address without waiting for flannel.
flannel's own plugin, which reads the range from a file that flannel writes, is not needed, and neither are the init
containers that copy it and its configuration onto the node: that image here holds flanneld and nothing else.

flanneld reads all nodes' ranges and public addresses from the API and keeps one route (host-gw) or one route, neighbour
and forwarding entry (vxlan) for each other worker. What leaves the pods' network bears the worker's address; flannel
would ask iptables in its image for that (`--ip-masq`), here it is one nftables rule of the node's own.

The article applies a manifest of master's head with its range replaced by `sed`, for 172.17.0.0/16, which is Docker's.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hardway.components.component import Component, FactsOf
from hardway.components.facts import Facts
from hardway.components.layout import CNI_CONFIG, HARDWAY, KUBELET_UNIT, image, reference
from hardway.components.manifest import Body, api_answers, daemon_set, kube_objects, meta, object_id, rolled
from hardway.components.nodes import node
from hardway.components.rbac import admins
from hardway.components.unit_file import service, unit_text
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File
from hardway.spec.addresses import pod_range
from hardway.spec.model import Cluster, Worker

NAMESPACE: Final = "kube-flannel"
NAME: Final = "kube-flannel"
LABELS: Final = {"app.kubernetes.io/name": "flannel"}
VXLAN_OVERHEAD: Final = 50
"""Bytes that VXLAN over IPv4 adds to each packet (RFC 7348, section 5)."""
MASQUERADE: Final = f"{HARDWAY}/pod-masquerade.nft"
MASQUERADE_UNIT: Final = "hardway-pod-masquerade.service"
TABLE: Final = "hardway_pods"
NFT: Final = "/usr/sbin/nft"


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """Plugin configuration and masquerading on each worker, and flannel's objects."""
    if not cluster.workers:
        return ()
    on_nodes = (_on_node(cluster, worker, facts[worker.name]) for worker in cluster.workers)
    return (*(resource for resources in on_nodes for resource in resources), *_in_cluster(cluster))


def _on_node(cluster: Cluster, worker: Worker, facts: Facts) -> tuple[Resource, ...]:
    rules = File(
        chapter=Chapter.POD_NETWORK,
        machine=worker.name,
        path=MASQUERADE,
        content=Content.of(_masquerade(cluster)),
    )
    return (
        File(
            chapter=Chapter.POD_NETWORK,
            machine=worker.name,
            path=f"{CNI_CONFIG}/10-hardway.conflist",
            content=Content.of(json.dumps(_plugins(cluster, worker, facts), indent=2) + "\n"),
        ),
        rules,
        *service(worker.name, Chapter.POD_NETWORK, MASQUERADE_UNIT, _masquerade_unit(), (rules,)),
        image(cluster, worker.name, Chapter.POD_NETWORK, "image-flannel"),
    )


def _plugins(cluster: Cluster, worker: Worker, facts: Facts) -> dict[str, Any]:
    """The network configuration list (CNI specification 1.0.0, section 1) that containerd gives each pod."""
    overhead = VXLAN_OVERHEAD if cluster.pod_network.backend == "vxlan" else 0
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(pod_range(cluster, worker))}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        # Which addresses are taken is forgotten with a reboot, as the pods are.
        "dataDir": "/run/cni/networks",
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "hairpinMode": True,
        "mtu": facts.mtu - overhead,
        "ipam": addresses,
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    rates = {"type": "bandwidth", "capabilities": {"bandwidth": True}}
    return {"cniVersion": "1.0.0", "name": "hardway", "plugins": [bridge, ports, rates]}


def _masquerade(cluster: Cluster) -> str:
    """What nft reads in one transaction; the first two lines make it the same whether or not the table was there."""
    pods = cluster.networks.pods
    return f"""\
add table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {pods} ip daddr != {{ {pods}, 224.0.0.0/4 }} masquerade fully-random
    }}
}}
"""


def _masquerade_unit() -> str:
    return unit_text(
        (("Description", "Pods bear their node's address outside the pod network"), ("Before", KUBELET_UNIT)),
        (
            ("Type", "oneshot"),
            ("RemainAfterExit", "yes"),
            ("ExecStart", f"{NFT} -f {MASQUERADE}"),
            ("ExecStop", f"{NFT} delete table ip {TABLE}"),
        ),
    )


def _in_cluster(cluster: Cluster) -> tuple[Resource, ...]:
    pods = daemon_set(NAME, NAMESPACE, LABELS, _pod(cluster))
    bodies = (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(NAMESPACE, labels=_PRIVILEGED)},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("flannel", NAMESPACE)},
        *_rights(),
        _net_conf(cluster),
        pods,
    )
    # Without its node's range flanneld ends, and comes back only after the kubelet's pause of ten seconds.
    ranges = tuple(object_id(node(cluster, worker)) for worker in cluster.workers)
    objects = kube_objects(Chapter.POD_NETWORK, bodies, (*api_answers(cluster), object_id(admins()), *ranges))
    return (*objects, rolled(Chapter.POD_NETWORK, pods))


_PRIVILEGED: Final = {"pod-security.kubernetes.io/enforce": "privileged"}
"""The node's network and capabilities are refused by the stricter Pod Security Standards."""


def _rights() -> tuple[Body, ...]:
    role = "hardway:flannel"
    group = "rbac.authorization.k8s.io"
    return (
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": meta(role),
            "rules": [
                {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
            ],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta(role),
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "flannel", "namespace": NAMESPACE}],
        },
    )


def _net_conf(cluster: Cluster) -> Body:
    network = {"Network": str(cluster.networks.pods), "Backend": {"Type": cluster.pod_network.backend}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        # The backend is in the name: another backend is another map, so that every pod is made anew.
        "metadata": meta(_net_conf_name(cluster), NAMESPACE),
        "data": {"net-conf.json": json.dumps(network, indent=2) + "\n"},
    }


def _net_conf_name(cluster: Cluster) -> str:
    return f"flannel-{cluster.pod_network.backend}"


def _pod(cluster: Cluster) -> Body:
    return {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "serviceAccountName": "flannel",
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(cluster)],
        "volumes": [
            {"name": "net-conf", "configMap": {"name": _net_conf_name(cluster)}},
            {"name": "run", "hostPath": {"path": "/run/flannel", "type": "DirectoryOrCreate"}},
        ],
    }


def _container(cluster: Cluster) -> Body:
    return {
        "name": "flanneld",
        "image": reference(cluster, "image-flannel"),
        "imagePullPolicy": "IfNotPresent",
        "command": ["/opt/bin/flanneld"],
        "args": [
            "--kube-subnet-mgr",
            "--iface=$(HOST_IP)",
            "--ip-masq=false",
            "--iptables-forward-rules=false",
        ],
        "env": [
            _field("NODE_NAME", "spec.nodeName"),
            _field("HOST_IP", "status.hostIP"),
            # The pod network does not wait for kube-proxy: it asks the API at the VIP.
            {"name": "KUBERNETES_SERVICE_HOST", "value": str(cluster.api.address)},
            {"name": "KUBERNETES_SERVICE_PORT", "value": str(cluster.api.port)},
            {"name": "EVENT_QUEUE_DEPTH", "value": "5000"},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "50Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]},
        },
        "volumeMounts": [
            {"name": "net-conf", "mountPath": "/etc/kube-flannel"},
            {"name": "run", "mountPath": "/run/flannel"},
        ],
    }


def _field(name: str, path: str) -> Body:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


FLANNEL: Final = Component("flannel", wanted)
