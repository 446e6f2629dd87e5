"""Every program and image of a cluster, as data: what it is, how upstream ships it, how it is built from Go modules.

Pure. Room `sources` carries it out. A blob's name is a key of `PROGRAMS` or `IMAGES`; `version_of` says which version
of it goes with a Kubernetes release.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardway.catalog.releases import Release


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a release site has a program; `{version}` and `{arch}` (amd64, arm64) are filled in."""

    url: str
    checksum: str | None
    """URL of the published SHA-256: a bare digest, or lines of `sha256sum`. None where upstream publishes none: then
    what was seen first is what is held to."""
    member: str | None = None
    """Its path in the tar archive; None where the URL is the program itself."""


@dataclass(frozen=True, slots=True)
class GoModule:
    """A wrapper module in `catalog/modules`: the programs of one upstream module are built together."""

    name: str
    """Its folder."""
    path: str
    """The upstream module, `hardway.internal/...` for our own programs."""
    release: str
    """The field of `Release` with its version."""
    versions: tuple[str, ...] = ()
    """`-X` settings of the linker, `{version}`, `{major}` and `{minor}` filled in."""
    cgo: bool = False
    """Whether it has C code: linked statically, since the machine it runs on may have another C library."""
    tags: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """Debian packages whose C headers and static libraries it needs, beyond gcc and libc6-dev."""

    @property
    def own(self) -> bool:
        """Whether its source lies in the folder itself."""
        return self.path.startswith(OWN)


OWN = "hardway.internal/"


@dataclass(frozen=True, slots=True)
class Program:
    """An executable."""

    title: str
    module: GoModule
    package: str
    """The Go package to build."""
    upstream: Upstream | None = None
    upstream_versions: tuple[tuple[str, str], ...] = ()
    """Where upstream numbers its releases otherwise than its Go module: (module's version, upstream's)."""

    @property
    def binary(self) -> str:
        """What `go build` calls it: the last part of the import path that is no major version."""
        return next(part for part in reversed(self.package.split("/")) if part not in ("v2", "v3"))

    def upstream_version(self, version: str) -> str:
        return dict(self.upstream_versions).get(version, version)


@dataclass(frozen=True, slots=True)
class ImageRecipe:
    """A container image: pulled from its registry, or made here of one static program."""

    title: str
    program: str
    """Its only program, a key of `PROGRAMS`."""
    path: str
    """Where the program lies in the image; upstream's image has it in the same place."""
    repository: str
    """The registry's name and the repository; the image made here bears the same name."""
    tag: str
    """`{version}` filled in."""
    pulled: bool = True
    """Whether the registry has it; our own test program is only ever made here."""
    user: str = "0"
    """User and group number in the image."""

    def reference(self, version: str) -> str:
        return f"{self.repository}:{self.tag.format(version=version)}"


def _stamps(package: str, **fields: str) -> tuple[str, ...]:
    return tuple(f"{package}.{name}={value}" for name, value in fields.items())


def _kubernetes_stamps(package: str) -> tuple[str, ...]:
    return _stamps(
        package,
        gitVersion="v{version}",
        gitMajor="{major}",
        gitMinor="{minor}",
        gitTreeState="clean",
        gitCommit="unknown",
        buildDate="1970-01-01T00:00:00Z",
    )


KUBERNETES = GoModule(
    "kubernetes",
    "k8s.io/kubernetes",
    "kubernetes",
    versions=(
        *_kubernetes_stamps("k8s.io/component-base/version"),
        *_kubernetes_stamps("k8s.io/client-go/pkg/version"),
    ),
)
ETCD = GoModule("etcd", "go.etcd.io/etcd/server/v3", "etcd")
CONTAINERD = GoModule(
    "containerd",
    "github.com/containerd/containerd/v2",
    "containerd",
    versions=_stamps("github.com/containerd/containerd/v2/version", Version="v{version}"),
)
RUNC = GoModule(
    "runc",
    "github.com/opencontainers/runc",
    "runc",
    cgo=True,
    # Without `seccomp` every pod fails: "config provided but seccomp not supported".
    tags=("seccomp", "netgo", "osusergo"),
    packages=("libseccomp-dev", "pkg-config"),
)
CNI_PLUGINS = GoModule(
    "cni-plugins",
    "github.com/containernetworking/plugins",
    "cni_plugins",
    versions=_stamps("github.com/containernetworking/plugins/pkg/utils/buildversion", BuildVersion="v{version}"),
)
CNI_FLANNEL = GoModule(
    "cni-flannel",
    "github.com/containernetworking/plugins",
    "flannel_cni",
    versions=_stamps("github.com/containernetworking/plugins/pkg/utils/buildversion", BuildVersion="v{version}"),
)
FLANNEL = GoModule(
    "flannel",
    "github.com/flannel-io/flannel",
    "flannel",
    versions=_stamps("github.com/flannel-io/flannel/pkg/version", Version="v{version}"),
    # Its udp backend is written in C on amd64, and the package does not compile without it.
    cgo=True,
    tags=("netgo", "osusergo"),
)
COREDNS = GoModule("coredns", "github.com/coredns/coredns", "coredns")
PAUSE = GoModule("pause", f"{OWN}pause", "pause", versions=_stamps("main", version="{version}"))
PROBE = GoModule("probe", f"{OWN}probe", "probe", versions=_stamps("main", version="{version}"))
VOLUMES = GoModule("volumes", f"{OWN}volumes", "volumes", versions=_stamps("main", version="{version}"))

AGNHOST = GoModule("agnhost", "k8s.io/kubernetes", "kubernetes")
"""Apart from Kubernetes' own programs, which a cluster needs, since it takes more modules than they do."""
REGISTRY = GoModule(
    "registry",
    f"{OWN}registry",
    "registry",
    versions=_stamps("github.com/distribution/distribution/v3/version", version="v{version}"),
)


def _kubernetes(name: str, title: str) -> Program:
    url = f"https://dl.k8s.io/release/v{{version}}/bin/linux/{{arch}}/{name}"
    return Program(title, KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", Upstream(url, f"{url}.sha256"))


def _etcd(name: str, title: str, package: str) -> Program:
    folder = "https://github.com/etcd-io/etcd/releases/download/v{version}"
    archive = "etcd-v{version}-linux-{arch}"
    upstream = Upstream(f"{folder}/{archive}.tar.gz", f"{folder}/SHA256SUMS", f"{archive}/{name}")
    return Program(title, ETCD, package, upstream)


def _containerd(name: str, title: str) -> Program:
    url = (
        "https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz"
    )
    upstream = Upstream(url, f"{url}.sha256sum", f"bin/{name}")
    return Program(title, CONTAINERD, f"github.com/containerd/containerd/v2/cmd/{name}", upstream)


def _cni(kind: str, name: str, title: str) -> Program:
    url = (
        "https://github.com/containernetworking/plugins/releases/download/v{version}"
        "/cni-plugins-linux-{arch}-v{version}.tgz"
    )
    package = f"github.com/containernetworking/plugins/plugins/{kind}/{name}"
    return Program(title, CNI_PLUGINS, package, Upstream(url, f"{url}.sha256", name))


_RUNC_SITE = "https://github.com/opencontainers/runc/releases/download/v{version}"
_FLANNEL_SITE = "https://github.com/flannel-io/flannel/releases/download/v{version}"
_COREDNS_ARCHIVE = "https://github.com/coredns/coredns/releases/download/v{version}/coredns_{version}_linux_{arch}.tgz"

PROGRAMS: dict[str, Program] = {
    "etcd": _etcd("etcd", "where the cluster keeps its memory", "go.etcd.io/etcd/server/v3"),
    "etcdctl": _etcd("etcdctl", "etcd's command line", "go.etcd.io/etcd/etcdctl/v3"),
    "kube-apiserver": _kubernetes("kube-apiserver", "the API"),
    "kube-controller-manager": _kubernetes("kube-controller-manager", "the control loops"),
    "kube-scheduler": _kubernetes("kube-scheduler", "assigns pods to nodes"),
    "kubectl": _kubernetes("kubectl", "the command line"),
    "kubelet": _kubernetes("kubelet", "runs pods on a node"),
    "kube-proxy": _kubernetes("kube-proxy", "carries services out on a node"),
    "kubeadm": _kubernetes("kubeadm", "the other way to make a cluster, for comparison"),
    "containerd": _containerd("containerd", "the container runtime"),
    "containerd-shim-runc-v2": _containerd("containerd-shim-runc-v2", "holds a container while containerd restarts"),
    "ctr": _containerd("ctr", "containerd's command line; imports images"),
    "runc": Program(
        "starts a container",
        RUNC,
        "github.com/opencontainers/runc",
        Upstream(f"{_RUNC_SITE}/runc.{{arch}}", f"{_RUNC_SITE}/runc.sha256sum"),
    ),
    "cni-bridge": _cni("main", "bridge", "connects a pod to the node's bridge"),
    "cni-loopback": _cni("main", "loopback", "brings a pod's loopback up"),
    "cni-host-local": _cni("ipam", "host-local", "hands out the node's pod addresses"),
    "cni-portmap": _cni("meta", "portmap", "carries host ports out"),
    "cni-bandwidth": _cni("meta", "bandwidth", "carries bandwidth annotations out"),
    "cni-flannel": Program(
        "hands flannel's subnet to the bridge plugin",
        CNI_FLANNEL,
        "github.com/containernetworking/plugins/plugins/meta/flannel",
        Upstream("https://github.com/flannel-io/cni-plugin/releases/download/v{version}/flannel-{arch}", None),
        # The plugin left containernetworking/plugins after 0.9.1 for a repository that is no Go module of its own path.
        upstream_versions=(("0.9.1", "1.9.1-flannel1"),),
    ),
    "flanneld": Program(
        "carries pods' packets between nodes",
        FLANNEL,
        "github.com/flannel-io/flannel",
        Upstream(f"{_FLANNEL_SITE}/flannel-v{{version}}-linux-{{arch}}.tar.gz", None, "flanneld"),
    ),
    "coredns": Program(
        "the cluster's DNS server",
        COREDNS,
        "github.com/coredns/coredns",
        Upstream(_COREDNS_ARCHIVE, f"{_COREDNS_ARCHIVE}.sha256", "coredns"),
    ),
    "pause": Program("holds a pod's namespaces and reaps its orphans", PAUSE, f"{OWN}pause"),
    "probe": Program("the workload of `hardway verify`", PROBE, f"{OWN}probe"),
    "agnhost": Program("answers to all that a test may ask", AGNHOST, "k8s.io/kubernetes/test/images/agnhost"),
    "registry": Program("keeps images and hands them out", REGISTRY, f"{OWN}registry"),
    "volumes": Program("makes volumes of a node's own directories", VOLUMES, f"{OWN}volumes"),
}

IMAGES: dict[str, ImageRecipe] = {
    "image-pause": ImageRecipe(
        "the sandbox of every pod", "pause", "/pause", "registry.k8s.io/pause", "{version}", user="65535:65535"
    ),
    "image-coredns": ImageRecipe(
        "the cluster's DNS", "coredns", "/coredns", "registry.k8s.io/coredns/coredns", "v{version}"
    ),
    # No shell, no iptables: masquerading is the node's own affair, see `components/flannel.py`.
    "image-flannel": ImageRecipe(
        "the pod network", "flanneld", "/opt/bin/flanneld", "ghcr.io/flannel-io/flannel", "v{version}"
    ),
    "image-probe": ImageRecipe(
        "what `hardway verify` runs in pods", "probe", "/probe", f"{OWN}probe", "{version}", pulled=False
    ),
    "image-volumes": ImageRecipe(
        "what provides local volumes", "volumes", "/volumes", f"{OWN}volumes", "{version}", pulled=False
    ),
}

_INSIDE_IMAGES = frozenset(recipe.program for recipe in IMAGES.values())

_ASKED_FOR = frozenset({"agnhost", "kubeadm", "registry"})
"""Programs that a cluster has only where somebody asks for them."""

CLUSTER: tuple[str, ...] = (*(name for name in PROGRAMS if name not in _ASKED_FOR | _INSIDE_IMAGES), *IMAGES)
"""The blobs that every cluster is made of."""


def version_of(name: str, release: Release) -> str:
    """The version of a program or image (by its blob's name) in a release; KeyError for an unknown name."""
    program = IMAGES[name].program if name in IMAGES else name
    version: str = getattr(release, PROGRAMS[program].module.release)
    return version


def image_reference(name: str, release: Release) -> str:
    """The full name with tag under which an image blob is imported, such as registry.k8s.io/pause:3.10.1."""
    return IMAGES[name].reference(version_of(name, release))
