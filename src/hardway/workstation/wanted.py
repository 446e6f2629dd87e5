"""What a workstation shall hold, from its spec and what is known of its clusters. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hardway import __version__
from hardway.catalog.releases import DEFAULT_KUBERNETES
from hardway.resources.base import OPERATOR, Chapter, Resource
from hardway.resources.host import Program
from hardway.resources.operator import Blob
from hardway.workstation.command_interpreter import command_for
from hardway.workstation.model import Shell, Software, Workstation
from hardway.workstation.places import Places
from hardway.workstation.resources import (
    Association,
    Block,
    Completion,
    Extension,
    FileType,
    KubeContext,
    Link,
    PythonEnvironment,
)

KUBECTL: Final = Blob(chapter=Chapter.TOOLS, blob="kubectl", version=DEFAULT_KUBERNETES)


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What is known of a cluster that the workstation works on."""

    spec: str
    """Its spec, in full."""
    context: str
    """What its entries in a kubeconfig are called."""
    entries: str
    """A digest over these entries; empty while the cluster is not there."""
    hosts: tuple[str, ...] = ()
    """The lines of /etc/hosts that it needs."""


def wanted(
    workstation: Workstation, places: Places, clusters: Sequence[ClusterFacts], client_lock: str
) -> tuple[Resource, ...]:
    """Everything, as values; `client_lock` is the digest of the OpenStack client's lock."""
    return (
        *_programs(workstation, places, client_lock),
        *_completions(workstation, places),
        *_contexts(clusters, places),
        *_hosts(clusters, places),
        *_associations(workstation),
    )


def _programs(workstation: Workstation, places: Places, client_lock: str) -> Iterator[Resource]:
    folder = places.folder(workstation.bin)
    if Software.KUBECTL in workstation.programs:
        yield KUBECTL
        path = str(folder / Software.KUBECTL)
        yield Program(chapter=Chapter.TOOLS, machine=OPERATOR, path=path, blob=KUBECTL.id)
    if Software.HARDWAY in workstation.programs and places.hardway != folder / Software.HARDWAY:
        yield Link(chapter=Chapter.TOOLS, path=str(folder / Software.HARDWAY), target=str(places.hardway))
    if Software.OPENSTACK in workstation.programs:
        client = PythonEnvironment(chapter=Chapter.TOOLS, path=str(places.client), lock=client_lock)
        yield client
        target = str(places.client / "bin/openstack")
        path = str(folder / Software.OPENSTACK)
        yield Link(chapter=Chapter.TOOLS, path=path, target=target, needs=(client.id,))


def _completions(workstation: Workstation, places: Places) -> Iterator[Resource]:
    made = False
    for shell in workstation.completions:
        for program in (Software.KUBECTL, Software.HARDWAY):
            if program in workstation.programs:
                yield _completion(places, shell, program)
                made = True
    if made and Shell.ZSH in workstation.completions:
        functions = str(places.zsh_functions).replace("'", "'\\''")
        lines = (f"fpath=('{functions}' $fpath)", "autoload -Uz compinit && compinit")
        yield Block(chapter=Chapter.TOOLS, path=str(places.zshrc), lines=lines)


def _completion(places: Places, shell: Shell, program: Software) -> Completion:
    of_blob = program is Software.KUBECTL
    return Completion(
        chapter=Chapter.TOOLS,
        path=str(places.completion(shell, program)),
        program=program,
        shell=shell,
        blob=KUBECTL.id if of_blob else "",
        version="" if of_blob else f"hardway {__version__}",
    )


def _contexts(clusters: Sequence[ClusterFacts], places: Places) -> Iterator[Resource]:
    path = str(places.kubeconfig.resolve())
    for one in clusters:
        if one.entries:
            yield KubeContext(
                chapter=Chapter.ACCESS, context=one.context, spec=one.spec, path=path, entries=one.entries
            )


def _hosts(clusters: Sequence[ClusterFacts], places: Places) -> Iterator[Resource]:
    lines = tuple(dict.fromkeys(line for one in clusters for line in one.hosts))
    if lines:
        yield Block(chapter=Chapter.NAMES, path=str(places.hosts), lines=lines)


def _associations(workstation: Workstation) -> Iterator[Resource]:
    chapter = Chapter.ASSOCIATIONS
    for mime, handler in workstation.associations.items():
        yield Association(chapter=chapter, mime=mime, handler=handler)
    for file_type, program in workstation.windows.file_types.items():
        yield FileType(chapter=chapter, file_type=file_type, command=command_for(program))
    for extension, file_type in workstation.windows.extensions.items():
        yield Extension(chapter=chapter, extension=extension, file_type=file_type)
