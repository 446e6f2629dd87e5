"""The commented cluster.yaml that `hardway init` writes: every field with its default, the article's names. Pure."""

from __future__ import annotations

from typing import Final

TEMPLATE: Final = """\
# A Kubernetes cluster, built the hard way. Only `name` must be given: everything else below is the default,
# with the names and addresses of the article. The fields are explained by `hardway schema` and in docs/spec.md.
apiVersion: hardway/v1
kind: Cluster
name: {name}                       # names the state directory (.hardway/{name}) and the lab

kubernetes:
  version: 1.37.2

machines:
  provider: lab                       # systemd-nspawn machines on this computer; or openstack (section openstack)
  masters:                            # etcd, API servers, controller-managers, schedulers: 1, 3, 5 or 7
    - name: hardway-master-0
      address: 10.0.0.10
    - name: hardway-master-1
      address: 10.0.0.11
    - name: hardway-master-2
      address: 10.0.0.12
  workers:                            # they run pods; each has the /24 of networks.pods with its host number
    - name: hardway-worker-0          # 10.244.20.0/24
      address: 10.0.0.20
    - name: hardway-worker-1          # 10.244.21.0/24
      address: 10.0.0.21
    - name: hardway-worker-2          # 10.244.22.0/24
      address: 10.0.0.22
      # podRange: 10.244.22.0/24      # another part of networks.pods
  balancers:                          # haproxy and keepalived; leave them out with balancer.kind: external
    - name: hardway-lb-0
      address: 10.0.0.30
    - name: hardway-lb-1
      address: 10.0.0.31

domain: hardway.internal              # of machines: hardway-master-0.hardway.internal
clusterDomain: cluster.local          # of services and pods; fixed for the cluster's life, as it is in every token

networks:
  machines: 10.0.0.0/24
  pods: 10.244.0.0/16                 # the article's 172.17.0.0/16 works too, but is Docker's default bridge
  services: 10.32.0.0/24              # the first address, 10.32.0.1, is the API's
  dns: 10.32.0.10

api:
  address: 10.0.0.100                 # the virtual address (VIP) that the balancers hold
  port: 6443
  name: kubernetes-the-hard-way
  # floatingAddress: 203.0.113.10     # an address from outside that leads to the VIP
  extraNames: []                      # more DNS names for the API servers' certificate

balancer:
  kind: haproxy                       # or octavia, lbaasv2 (a cloud's), external: somebody else holds api.address
  # interface: host0                  # by default the one with the machine's address

certificates:
  algorithm: ecdsa-p256               # or rsa-2048, rsa-3072, rsa-4096
  authorityDays: 3650
  leafDays: 365                       # made anew by `up` with less than a third left

encryption:
  provider: secretbox                 # or aescbc (the article's), aesgcm

podNetwork:
  backend: vxlan                      # or host-gw, where all workers share one layer-2 network

proxy:
  mode: iptables                      # or nftables

storage:
  kind: none                          # or local: volumes that are directories of the worker their pod runs on

sources:
  kind: auto                          # the first that answers; or upstream, go, cache
  # mirror: https://mirror.example    # where the upstream sites are mirrored, each in a folder of its host's name

registry:                             # where workers look for images before the public registries
  kind: none                          # or lab: one of ours, on `machine`; external: somebody else's, at `url`
  port: 5000                          # of kind lab

flags:                                # more flags, without the leading dashes, such as `v: 2`
  etcd: {{}}
  kubeApiserver: {{}}
  kubeControllerManager: {{}}
  kubeScheduler: {{}}
  kubelet: {{}}
  kubeProxy: {{}}

lab:
  suite: trixie                       # the Debian release that the machines run
  # mirror: https://mirror.example/debian
  apiPort: 0                          # the loopback port that leads to the API; 0 takes a free one

openstack:                            # of provider openstack; examples/openstack.yaml is the article's set-up
  # cloud: mycloud                    # of clouds.yaml; by default what the environment says
  # region: RegionOne
  servers: create                     # or existing: found by name
  image: debian-13
  flavor: hardway.node                # the article's: 2 vCPUs, 4 GB
  user: debian                        # the image's user, who may sudo
  # availabilityZone: nova
  antiAffinity: soft                  # of masters; or hard, none
  externalNetwork: public
  floatingAddresses: given            # as floatingAddress of machines and API; or any: the cloud picks
  # network: {name}                   # what is there already is used and left
  # subnet: {name}
  # router: {name}
  dnsServers: []                      # what the subnet tells its servers; by default the cloud's own
  # keyPair: mine                     # by default hardway makes one
  # privateKey: ~/.ssh/id_ed25519
  sshFrom: [0.0.0.0/0]
  apiFrom: [0.0.0.0/0]
  nodePortsFrom: []
  # jumpHost: {{address: jump.example, user: debian, hostKey: ssh-ed25519 AAAA, privateKey: ~/.ssh/id_ed25519}}
  # balancerProvider: amphora         # of Octavia; by default the cloud's
  names: auto                         # or designate, hosts
  bootWithin: 300                     # seconds
  balancerWithin: 300
"""


def template(name: str = "hardway") -> str:
    """The text of a cluster.yaml for a cluster of this name (an RFC 1123 label); it parses to exactly the defaults."""
    return TEMPLATE.format(name=name)
