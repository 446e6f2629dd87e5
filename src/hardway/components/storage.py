"""Local storage: volumes that outlive their pods, each a directory of the worker that its first pod was placed on.

The storage class `local` is the default one, and waits for a claim's first pod (WaitForFirstConsumer): the scheduler
chooses the worker by what the pod needs, and only then is the directory made there. From then on the pod runs on that
worker alone. What a pod writes stays when it is deleted, when the worker reboots, and when it is drained and comes
back; it goes with the claim, and it is lost with the worker's disk.

Our own provisioner makes the directories (catalog/modules/volumes): one on every worker, for that worker alone. So it
needs no rights on pods, no shell and no second image, as the usual one does, which starts a pod of a shell on the
node in question. It may make and delete volumes, which is a power over every worker's disk below that one folder:
it sees nothing else of the node, and the API holds claims and volumes to their classes.

The article's Kubernetes has no storage at all; its database is a container on another computer.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.layout import image, reference
from hardway.components.manifest import Body, api_answers, daemon_set, kube_objects, meta, object_id, rolled
from hardway.components.rbac import GROUP, admins
from hardway.resources.base import Chapter, Resource
from hardway.resources.host import Directory
from hardway.spec.model import Cluster

NAMESPACE: Final = "hardway-storage"
NAME: Final = "volumes"
LABELS: Final = {"app.kubernetes.io/name": NAME}
CLASS: Final = "local"
PROVISIONER: Final = "hardway.internal/local"
VOLUMES: Final = "/var/lib/hardway-volumes"
"""On every worker; none but root gets in, so that the volumes in it may be open to whatever user a pod runs as."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A folder and the image on each worker, and the provisioner's objects; none unless the spec asks for it."""
    if cluster.storage.kind != "local" or not cluster.workers:
        return ()
    folders = tuple(_folder(worker.name) for worker in cluster.workers)
    images = (image(cluster, worker.name, Chapter.STORAGE, "image-volumes") for worker in cluster.workers)
    return (*folders, *images, *_in_cluster(cluster, tuple(folder.id for folder in folders)))


def _folder(worker: str) -> Directory:
    """Not marked as data: it is removed only when it is empty, so that no volume goes with a change of the spec."""
    return Directory(chapter=Chapter.STORAGE, machine=worker, path=VOLUMES, mode=0o700)


def _in_cluster(cluster: Cluster, folders: tuple[str, ...]) -> tuple[Resource, ...]:
    pods = daemon_set(NAME, NAMESPACE, LABELS, _pod(cluster))
    bodies = (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": meta(NAMESPACE, labels=_PRIVILEGED)},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(NAME, NAMESPACE)},
        *_rights(),
        _class(),
        pods,
    )
    objects = kube_objects(Chapter.STORAGE, bodies, (*api_answers(cluster), object_id(admins()), *folders))
    return (*objects, rolled(Chapter.STORAGE, pods))


_PRIVILEGED: Final = {"pod-security.kubernetes.io/enforce": "privileged"}
"""A folder of the node is refused by the stricter Pod Security Standards."""


def _rights() -> tuple[Body, ...]:
    role = "hardway:volumes"
    watch = ["get", "list", "watch"]
    return (
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRole",
            "metadata": meta(role),
            "rules": [
                {"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": [*watch, "create", "delete"]},
                {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": watch},
                {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": watch},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
            ],
        },
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta(role),
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        },
    )


def _class() -> Body:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": meta(CLASS, annotations={"storageclass.kubernetes.io/is-default-class": "true"}),
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _pod(cluster: Cluster) -> Body:
    return {
        "priorityClassName": "system-node-critical",
        "serviceAccountName": NAME,
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(cluster)],
        "volumes": [{"name": "volumes", "hostPath": {"path": VOLUMES, "type": "Directory"}}],
    }


def _container(cluster: Cluster) -> Body:
    return {
        "name": NAME,
        "image": reference(cluster, "image-volumes"),
        "imagePullPolicy": "IfNotPresent",
        "args": [f"--directory={VOLUMES}"],
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            # To remove what pods have written as users of their own, in folders that they have closed.
            "capabilities": {"drop": ["ALL"], "add": ["DAC_OVERRIDE", "FOWNER"]},
        },
        # The same path as on the node: a volume names it.
        "volumeMounts": [{"name": "volumes", "mountPath": VOLUMES}],
    }


STORAGE: Final = Component("storage", wanted)
