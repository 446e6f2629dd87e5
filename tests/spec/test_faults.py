"""Every rule of the spec by the text that breaks it: the place, the field, what is wrong, and the way out."""

from __future__ import annotations

import pytest

from hardway.spec.load import DEFAULT_KINDS, Kinds, SpecFaults, parse
from hardway.spec.owned_flags import OWNED_FLAGS
from tests.spec.faults_of import faults_of, field, one_machine

KEYS = {
    "name: c\nnetwroks: {}\n": "2:1: netwroks: unknown key — did you mean networks?",
    "name: c\nclusterdomain: a.b\n": "2:1: clusterdomain: unknown key — did you mean clusterDomain?",
    "name: c\ncluster_domain: a.b\n": "2:1: cluster_domain: unknown key — did you mean clusterDomain?",
    "name: c\npods: 10.1.0.0/16\n": "2:1: pods: unknown key here — it belongs at networks.pods",
    "nam: c\n": "1:1: nam: unknown key — did you mean name?",
    "name: c\nmachines:\n  masters:\n    - nmae: m\n      address: 10.0.0.10\n": (
        "4:7: machines.masters[0].nmae: unknown key — did you mean name?"
    ),
    field("lab.zzz", "1"): "3:3: lab.zzz: unknown key — known here: suite, mirror, apiPort",
    "domain: a.b\n": "1:1: name: is missing — add `name:`",
    "name: c\nname: d\n": "2:1: name: given twice, first on line 1 — keep one",
    "name: c\nmachines:\n": "2:10: machines: is empty — give it a value, or leave the key out",
    "name: c\nmachines:\n  masters: {name: a}\n": (
        "3:3: machines.masters: a mapping stands where a list is wanted — begin each item with a hyphen"
    ),
    "apiVersion: hardway/v2\nname: c\n": (
        "1:13: apiVersion: 'hardway/v2' is not known — did you mean hardway/v1? (use 'hardway/v1')"
    ),
    "name: c\nkind: Clutser\n": "2:7: kind: 'Clutser' is not known — did you mean Cluster? (use 'Cluster')",
}

LABEL = "use at most 63 lower-case letters, digits and hyphens, no hyphen at either end"
NAMES = {
    "name: My_Cluster\n": f"1:7: name: 'My_Cluster' is no RFC 1123 label — {LABEL}: my-cluster",
    "name: -c\n": f"1:7: name: '-c' is no RFC 1123 label — {LABEL}: c",
    f"name: {'a' * 64}\n": f"1:7: name: '{'a' * 56}... is no RFC 1123 label — {LABEL}",
    "name: 12\n": "1:7: name: 12 is a number to YAML, where text is wanted — put it in quotes",
    "name: yes\n": "1:7: name: true is a truth value to YAML, where text is wanted — put it in quotes",
    'name: "c\\n"\n': "1:7: name: holds '\\n' — write plain text of one line",
    one_machine("masters", "a.b"): f"4:14: machines.masters[0].name: 'a.b' is no RFC 1123 label — {LABEL}",
    one_machine("workers", "localhost"): (
        "4:14: machines.workers[0].name: localhost is every machine's name for itself — use another name"
    ),
    one_machine("workers", "w" * 53): (
        "4:14: machines.workers[0].name: 53 characters are too many for a node's certificate — use at most 52"
    ),
    one_machine("workers", "hardway-lb-0"): (
        "4:14: machines.balancers[0].name: by default, hardway-lb-0 is the name of another machine too"
        " — give each machine a name of its own"
    ),
    one_machine("masters") + "  workers:\n    - {name: a, address: 10.0.0.20}\n": (
        "6:14: machines.workers[0].name: a is the name of another machine too — give each machine a name of its own"
    ),
    field("api.name", "hardway-master-0"): (
        "3:9: api.name: hardway-master-0 is the name of a machine too — give the API a name of its own"
    ),
    field("domain", "x.cluster.local"): (
        "2:9: domain: x.cluster.local lies within the cluster domain cluster.local, so pods would never find a machine"
        " by name — use another domain for machines"
    ),
    field("domain", "cluster.local"): (
        "2:9: domain: cluster.local is the cluster domain too — use another domain for machines"
    ),
    field("clusterDomain", "10.0.0.1"): (
        "2:16: clusterDomain: 10.0.0.1 reads as an address — use a name; an address goes to api.floatingAddress"
    ),
    field("balancer.interface", "a b"): (
        "3:14: balancer.interface: 'a b' is no name of a network interface"
        " — use at most 15 letters, digits, dots, _ or -"
    ),
}

SERVICES = "use another address of 10.32.0.0/24, such as 10.32.0.10"
ADDRESSES = {
    one_machine("masters") + "  workers:\n    - {name: b, address: 10.0.0.40}\n": (
        "6:26: machines.workers[0].address: 10.0.0.40 is the address of a too — give each machine an address of its own"
    ),
    one_machine("masters", address="10.0.1.10"): (
        "4:26: machines.masters[0].address: 10.0.1.10 is outside networks.machines (10.0.0.0/24)"
        " — use a free address of 10.0.0.0/24, or widen the network"
    ),
    one_machine("masters", address="10.0.0.0"): (
        "4:26: machines.masters[0].address: 10.0.0.0 is the network address of 10.0.0.0/24"
        " — use an address between the first and the last"
    ),
    one_machine("masters", address="10.0.0.255"): (
        "4:26: machines.masters[0].address: 10.0.0.255 is the broadcast address of 10.0.0.0/24"
        " — use an address between the first and the last"
    ),
    one_machine("masters", address="10.0.0.010"): (
        "4:26: machines.masters[0].address: '10.0.0.010' is no IPv4 address — write it as 10.0.0.10"
    ),
    field("api.address", "10.0.0.10"): (
        "3:12: api.address: 10.0.0.10 is the address of hardway-master-0 — use an address that no machine has"
    ),
    field("api.address", "10.0.9.1"): (
        "3:12: api.address: 10.0.9.1 is outside networks.machines (10.0.0.0/24), where the balancers must hold it"
        " — use a free address of 10.0.0.0/24"
    ),
    field("api.address", "10.244.0.1") + "balancer: {kind: external}\n": (
        "3:12: api.address: 10.244.0.1 lies in networks.pods (10.244.0.0/16)"
        " — use an address outside the cluster's inner ranges"
    ),
    field("api.floatingAddress", "10.0.0.100"): (
        "3:20: api.floatingAddress: 10.0.0.100 is api.address itself — leave floatingAddress out where there is none"
    ),
    field("networks.dns", "10.33.0.10"): (
        f"3:8: networks.dns: 10.33.0.10 is outside networks.services (10.32.0.0/24) — {SERVICES}"
    ),
    field("networks.dns", "10.32.0.1"): (
        f"3:8: networks.dns: 10.32.0.1 is the API's own service address, always the first of the range — {SERVICES}"
    ),
    field("networks.dns", "10.32.0.0"): (
        f"3:8: networks.dns: 10.32.0.0 is the network or broadcast address of 10.32.0.0/24 — {SERVICES}"
    ),
    field("api.address", "fd00::1"): "3:12: api.address: 'fd00::1' looks like IPv6 — only IPv4 is supported",
    field("api.port", "2379"): ("3:9: api.port: 2379 is the port of etcd, for clients — use 6443 or another free port"),
    field("api.port", "0"): "3:9: api.port: 0 is out of bounds — it must be at least 1",
    field("api.port", "70000"): "3:9: api.port: 70000 is out of bounds — it must be at most 65535",
    field("api.port", "10:30"): "3:9: api.port: '10:30' is no whole number — write digits, without quotes",
}

RANGES = {
    field("networks.services", "10.0.0.128/25") + "  dns: 10.0.0.140\n": (
        "3:13: networks.services: 10.0.0.128/25 overlaps networks.machines (10.0.0.0/24)"
        " — choose ranges that have no address in common"
    ),
    field("networks.pods", "10.32.0.0/16"): (
        "3:9: networks.services: by default, 10.32.0.0/24 overlaps networks.pods (10.32.0.0/16)"
        " — choose ranges that have no address in common"
    ),
    field("networks.services", "10.32.0.0/29") + "  dns: 10.32.0.3\n": (
        "3:13: networks.services: 10.32.0.0/29 is too small for the API, the DNS and a few services"
        " — use a /28 or larger"
    ),
    field("networks.services", "11.0.0.0/8") + "  dns: 11.0.0.10\n": (
        "3:13: networks.services: 11.0.0.0/8 is larger than kube-apiserver takes — use a /12 or smaller"
    ),
    field("networks.pods", "10.244.0.0/25"): (
        "3:9: networks.pods: 10.244.0.0/25 is smaller than the /24 of one worker"
        " — use a /16, which has room for 255 workers"
    ),
    field("networks.pods", "127.0.0.0/16"): (
        "3:9: networks.pods: 127.0.0.0/16 touches 127.0.0.0/8, which no host may use — use a private range"
    ),
    field("networks.machines", "10.0.0.1/24"): (
        "3:13: networks.machines: '10.0.0.1/24' begins amid a range — write 10.0.0.0/24"
    ),
    one_machine("workers") + "networks: {pods: 10.244.0.0/20}\n": (
        "4:26: machines.workers[0].address: networks.pods (10.244.0.0/20) has no /24 number 40 for this worker"
        " — widen networks.pods, or give the worker a podRange"
    ),
    one_machine("workers", more=", podRange: 10.99.0.0/24"): (
        "4:47: machines.workers[0].podRange: 10.99.0.0/24 is not within networks.pods (10.244.0.0/16)"
        " — choose a part of that range"
    ),
    one_machine("workers", more=", podRange: 10.244.0.0/29"): (
        "4:47: machines.workers[0].podRange: 10.244.0.0/29 is too small — use a /24"
    ),
    one_machine("workers") + "    - {name: b, address: 10.0.0.41, podRange: 10.244.40.0/25}\n": (
        "5:47: machines.workers[1].podRange: the pod range 10.244.40.0/25 of b overlaps 10.244.40.0/24 of a"
        " — choose another podRange"
    ),
}


def masters(count: int) -> str:
    machines = "".join(f"    - {{name: m{n}, address: 10.0.0.{40 + n}}}\n" for n in range(count))
    return f"name: c\nmachines:\n  masters:\n{machines}"


SETTINGS = {
    masters(2): "3:3: machines.masters: 2 masters bear the loss of no more than 1 do — use 1, 3, 5 or 7",
    masters(4): "3:3: machines.masters: 4 masters bear the loss of no more than 3 do — use 1, 3, 5 or 7",
    masters(9): "3:3: machines.masters: 9 masters make every write of etcd slow — use 1, 3, 5 or 7",
    field("machines.masters", "[]"): (
        "3:3: machines.masters: the list is empty — give at least one item, or leave the key out"
    ),
    field("kubernetes.version", "1.2.3"): ("3:12: kubernetes.version: unknown Kubernetes version '1.2.3' — use 1.37.2"),
    field("kubernetes.version", "v1.37.2"): (
        "3:12: kubernetes.version: unknown Kubernetes version 'v1.37.2' — write 1.37.2"
    ),
    field("machines.provider", "labb"): (
        "3:13: machines.provider: unknown provider 'labb' — did you mean lab? (known: lab and openstack)"
    ),
    field(
        "balancer.kind", "nginx"
    ): "3:9: balancer.kind: unknown kind 'nginx' — known: external, haproxy, lbaasv2 and octavia",
    field("sources.kind", "upstrem"): (
        "3:9: sources.kind: unknown kind 'upstrem' — did you mean upstream? (known: auto, cache, go and upstream)"
    ),
    field("sources.mirror", "ftp://x"): "3:11: sources.mirror: 'ftp://x' is no URL — begin it with https:// or http://",
    field("machines.balancers", "[]"): (
        "3:3: machines.balancers: a balancer of kind haproxy needs machines"
        " — name at least one machine, two for redundancy, or use balancer.kind: external"
    ),
    one_machine("balancers") + "balancer: {kind: external}\n": (
        "3:3: machines.balancers: a balancer of kind external has no machines of ours"
        " — leave machines.balancers out, or use balancer.kind: haproxy"
    ),
    field("certificates.algorithm", "dsa"): (
        "3:14: certificates.algorithm: 'dsa' is not known — use 'ecdsa-p256', 'rsa-2048', 'rsa-3072' or 'rsa-4096'"
    ),
    field("certificates.authorityDays", "30"): (
        "3:18: certificates.leafDays: by default, 365 days are more than the authorities' 30"
        " — let certificates end before their authority"
    ),
    field("encryption.provider", "secretbux"): (
        "3:13: encryption.provider: 'secretbux' is not known"
        " — did you mean secretbox? (use 'secretbox', 'aescbc' or 'aesgcm')"
    ),
    field("flags.kubelet.config", "/x"): (
        "4:13: flags.kubelet.config: --config is hardway's own to set"
        " — leave it out: units, certificates and checks rely on the path"
    ),
    field("flags.kubeApiserver.service-cluster-ip-range", "10.0.0.0/8"): (
        "4:31: flags.kubeApiserver.service-cluster-ip-range: --service-cluster-ip-range is hardway's own to set"
        " — set networks.services"
    ),
    field("flags.etcd.--v", "2"): (
        "4:10: flags.etcd.--v: '--v' is no flag's name — write it without the leading dashes, in lower case, with"
        " hyphens"
    ),
    field("flags.etcd.x", "'a b'"): (
        "4:8: flags.etcd.x: 'a b' cannot stand in a unit file"
        " — use ASCII without white space, quotes, $, %, ;, ` or backslash"
    ),
}


@pytest.mark.parametrize(("text", "fault"), [*(KEYS | NAMES | ADDRESSES | RANGES | SETTINGS).items()])
def test_a_fault_is_told_with_its_place_and_a_way_out(text: str, fault: str) -> None:
    assert faults_of(text) == [fault]


@pytest.mark.parametrize("component", OWNED_FLAGS)
def test_every_flag_that_others_rely_on_is_refused_with_what_to_do_instead(component: str) -> None:
    flags = OWNED_FLAGS[component]
    told = faults_of(f"name: c\nflags:\n  {component}:\n" + "".join(f"    {flag}: x\n" for flag in flags))
    assert [fault.partition(": ")[2] for fault in told] == [
        f"flags.{component}.{flag}: --{flag} is hardway's own to set — {way}" for flag, way in flags.items()
    ]


def test_a_kind_is_known_where_it_is_registered() -> None:
    kinds = Kinds(frozenset({"lab", "proxmox"}), DEFAULT_KINDS.balancers, DEFAULT_KINDS.sources)
    assert parse(field("machines.provider", "proxmox"), kinds=kinds).machines.provider == "proxmox"
    with pytest.raises(SpecFaults, match="did you mean proxmox"):
        parse(field("machines.provider", "proxmx"), kinds=kinds)


ALL_AT_ONCE = """\
nmae: c
machines:
  masters:
    - {name: A_1, address: 10.0.0.10}
    - {name: b, address: 10.0.1.11}
    - {name: d, address: 10.0.0.100}
networks:
  pods: 10.32.0.0/16
  dns: 10.33.0.1
kubernetes:
  version: 1.0.0
  version: 1.37.2
flags:
  kubelet:
    node-ip: 1.2.3.4
proxy: [iptables]
"""


def test_all_faults_of_a_file_are_told_at_once_in_its_order() -> None:
    told = [fault.partition(" — ")[0] for fault in faults_of(ALL_AT_ONCE)]
    assert told == [
        "1:1: nmae: unknown key",
        "4:14: machines.masters[0].name: 'A_1' is no RFC 1123 label",
        "5:26: machines.masters[1].address: 10.0.1.11 is outside networks.machines (10.0.0.0/24)",
        "6:26: api.address: by default, 10.0.0.100 is the address of d",
        "8:9: networks.services: by default, 10.32.0.0/24 overlaps networks.pods (10.32.0.0/16)",
        "9:8: networks.dns: 10.33.0.1 is outside networks.services (10.32.0.0/24)",
        "12:3: kubernetes.version: given twice, first on line 11",
        "15:14: flags.kubelet.node-ip: --node-ip is hardway's own to set",
        "16:1: proxy: a list stands where a mapping is wanted",
    ]


def test_a_number_is_never_taken_for_an_address_nor_text_for_a_number() -> None:
    assert "is a number to YAML" in faults_of(field("api.address", "167772260"))[0]
    assert "is no whole number" in faults_of(field("api.port", "'6443'"))[0]


def test_of_hundreds_of_faults_the_first_hundred_are_told() -> None:
    text = "name: c\n" + "".join(f"key{n}: 1\n" for n in range(300))
    told = faults_of(text)
    assert len(told) == 101
    assert told[0].startswith("2:1: key0: unknown key")
    assert "there are more faults" in told[-1]


def test_the_message_names_the_file() -> None:
    with pytest.raises(SpecFaults, match=r"^here\.yaml:1:7: name: "):
        parse("name: A\n", "here.yaml")


GOOD = (
    masters(1),
    masters(5),
    masters(7),
    field("api.address", "10.0.9.1") + "balancer: {kind: external}\n",
    field("networks.pods", "172.17.0.0/16"),
    field("machines.workers", "[]"),
    field("flags.kubelet.v", "2"),
    one_machine("workers", more=", podRange: 10.244.7.0/24"),
    one_machine("workers", "w" * 52),
)


@pytest.mark.parametrize("text", GOOD)
def test_what_is_allowed_has_no_fault(text: str) -> None:
    assert faults_of(text) == []
