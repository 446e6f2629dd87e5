"""The command line as a whole: which verbs there are, each with its examples. `run` is all that others need of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from hardway.cli.doors import Doors
from hardway.cli.options import PLAIN_ARGUMENTS, examples
from hardway.cli.verbs import (
    access,
    change,
    cloud,
    cloud_check,
    compose,
    compose_files,
    fargate,
    images,
    lab,
    look,
    plan,
    spec,
    volumes,
    workstation,
)

app = typer.Typer(name="hardway", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
lab_app = typer.Typer(
    no_args_is_help=True,
    help="Machines made on this computer (needs root).",
    epilog=examples("hardway lab doctor --install", "hardway lab status", "hardway lab kill hardway-master-1"),
)

cloud_app = typer.Typer(
    no_args_is_help=True,
    help="A real OpenStack on this computer (needs root).",
    epilog=examples("hardway cloud up", "eval $(hardway cloud openrc)", "hardway cloud down"),
)

images_app = typer.Typer(
    no_args_is_help=True,
    help="Container images made here, where nothing can be pulled.",
    epilog=examples("hardway images ls", "hardway images build nginx", "hardway images push nginx mysql"),
)

fargate_app = typer.Typer(
    no_args_is_help=True,
    help="A node whose pods run on AWS Fargate.",
    epilog=examples("hardway fargate doctor", "hardway fargate run", "hardway fargate ps"),
)
local_fargate_app = typer.Typer(
    no_args_is_help=True,
    help="A Fargate on this computer, to try it with (needs root).",
    epilog=examples("hardway fargate local up", "hardway fargate local config > fargate.toml"),
)
workstation_app = typer.Typer(
    no_args_is_help=True,
    help="What you need on the computer that you work from.",
    epilog=examples("hardway workstation init", "hardway workstation plan", "hardway workstation apply"),
)

volumes_app = typer.Typer(
    no_args_is_help=True,
    help="A cluster's volumes.",
    epilog=examples("hardway volumes ls", "hardway volumes backup default/data", "hardway volumes restore FILE"),
)

compose_app = typer.Typer(
    no_args_is_help=True,
    help="Compose projects on the cluster.",
    epilog=examples("hardway compose plan", "hardway compose up", "hardway compose ps", "hardway compose down"),
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from hardway import __version__

        typer.echo(f"hardway {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
]

_BEGINNING = examples(
    "hardway init | write a commented cluster.yaml",
    "hardway plan | what would be done",
    "hardway up | do it",
    "hardway verify | prove that it works",
    "hardway kubectl -- get nodes | use it",
    "hardway down | take all of it away",
)


@app.callback(epilog=_BEGINNING)
def hardway(version: Version = False) -> None:
    """A highly available Kubernetes, built the hard way: every certificate, file and unit in the open."""


Verb = Callable[..., None]


def _add(to: typer.Typer, panel: str | None, verb: Verb, name: str, *lines: str, **settings: Any) -> None:
    to.command(name, epilog=examples(*lines), rich_help_panel=panel, **settings)(verb)


_SPEC, _CLUSTER, _ACCESS, _COMPUTER = "The spec", "The cluster", "The way in", "This computer"
_APPLICATION = "What runs on it"

_add(app, _SPEC, spec.init, "init", "hardway init", "hardway init production.yaml")
_add(app, _SPEC, spec.schema, "schema", "hardway schema > cluster.schema.json")
_add(
    app,
    _CLUSTER,
    plan.plan,
    "plan",
    "hardway plan --diff | with a diff of every file",
    "hardway plan --out plan.json | then: hardway up plan.json",
    "hardway plan -o json",
)
_add(
    app,
    _CLUSTER,
    change.up,
    "up",
    "hardway up | show the plan, ask, do it",
    "hardway up --yes -f lab.yaml | do not ask",
    "hardway up plan.json | a saved plan, exactly or not at all",
)
_add(app, _CLUSTER, look.verify, "verify", "hardway verify", "hardway verify -o json")
_add(app, _CLUSTER, look.status, "status", "hardway status", "hardway status -o json")
_add(app, _CLUSTER, look.journal, "journal", "hardway journal | every run", "hardway journal 3 | the steps of run 3")
_add(app, _CLUSTER, change.down, "down", "hardway down | show what would go, ask, do it", "hardway down --yes")
_add(
    app,
    _ACCESS,
    access.kubectl,
    "kubectl",
    "hardway kubectl -- get nodes -o wide",
    "hardway kubectl -f lab.yaml -- apply -f web.yaml",
    context_settings=PLAIN_ARGUMENTS,
)
_add(
    app,
    _ACCESS,
    access.kubeconfig,
    "kubeconfig",
    "hardway kubeconfig > admin.kubeconfig",
    "hardway kubeconfig --merge | then kubectl works by itself",
)
_add(volumes_app, None, volumes.ls, "ls", "hardway volumes ls", "hardway volumes ls -o json")
_add(
    volumes_app,
    None,
    volumes.backup,
    "backup",
    "hardway volumes backup default/data --to copies",
    "hardway volumes backup data --live | while pods use it",
)
_add(
    volumes_app,
    None,
    volumes.restore,
    "restore",
    "hardway volumes restore copies/hardway-default-data-20260101T100000Z.tar.gz",
    "hardway volumes restore FILE other/data --node hardway-worker-1 | into another claim",
)
app.add_typer(volumes_app, name="volumes", rich_help_panel=_CLUSTER)
_add(app, _SPEC, access.render, "render", "hardway render --to files | every file of every machine")
_add(app, _COMPUTER, lab.binaries, "binaries", "hardway binaries", "hardway binaries -f lab.yaml -o json")
_add(lab_app, None, lab.up, "up", "hardway lab up -f lab.yaml")
_add(lab_app, None, lab.down, "down", "hardway lab down", "hardway lab down --yes")
_add(lab_app, None, lab.status, "status", "hardway lab status", "hardway lab status -o json")
_add(
    lab_app,
    None,
    lab.exec_,
    "exec",
    "hardway lab exec hardway-master-0 -- systemctl status etcd",
    context_settings=PLAIN_ARGUMENTS,
)
_add(lab_app, None, lab.shell, "shell", "hardway lab shell hardway-worker-0")
_add(lab_app, None, lab.kill, "kill", "hardway lab kill hardway-master-1 | the API goes on answering")
_add(lab_app, None, lab.start, "start", "hardway lab start hardway-master-1")
_add(lab_app, None, lab.doctor, "doctor", "hardway lab doctor", "hardway lab doctor --install")
app.add_typer(lab_app, name="lab", rich_help_panel=_COMPUTER)
_add(
    cloud_app,
    None,
    cloud.up,
    "up",
    "hardway cloud up | makes it, or brings back what does not run",
    "hardway cloud up --name small --chassis 1",
)
_add(
    cloud_app,
    None,
    cloud_check.check,
    "check",
    "hardway cloud check --cloud home | any OpenStack",
    "hardway cloud check --cloud home --skip-proofs | make nothing there",
    "hardway cloud check --neutron-conf neutron.conf -o json",
)
_add(cloud_app, None, cloud.status, "status", "hardway cloud status", "hardway cloud status -o json")
_add(
    cloud_app,
    None,
    cloud.down,
    "down",
    "hardway cloud down | everything goes",
    "hardway cloud down --yes --keep-data | until the next `hardway cloud up`",
)
_add(
    cloud_app,
    None,
    cloud.openrc,
    "openrc",
    "eval $(hardway cloud openrc) | then openstacksdk, openstack and hardway find it",
)
_add(
    cloud_app,
    None,
    cloud.openstack,
    "openstack",
    "hardway cloud openstack -- server list",
    "hardway cloud openstack --admin -- network agent list",
    context_settings=PLAIN_ARGUMENTS,
)
_add(cloud_app, None, cloud.logs, "logs", "hardway cloud logs nova", "hardway cloud logs neutron --follow")
app.add_typer(cloud_app, name="cloud", rich_help_panel=_COMPUTER)
_add(
    images_app, None, images.ls, "ls", "hardway images ls", "hardway images ls -o json | with all packages and versions"
)
_add(
    images_app,
    None,
    images.build,
    "build",
    "hardway images build nginx python:3.13-slim",
    "hardway images build ./site | a folder with an image.yaml, see docs/images.md",
    "hardway images build --fresh nginx | of today's packages",
)
_add(
    images_app,
    None,
    images.push,
    "push",
    "hardway images push nginx | then a pod may say `image: nginx`",
    "hardway images push -f lab.yaml --exact mysql:9.7",
)
_add(images_app, None, images.rm, "rm", "hardway images rm nginx")
app.add_typer(images_app, name="images", rich_help_panel=_COMPUTER)
_add(
    fargate_app,
    None,
    fargate.run,
    "run",
    "hardway fargate run --config fargate.toml --kubeconfig virtual-kubelet.conf",
    "hardway fargate run --sysconfig /etc/sysconfig/virtual-kubelet",
)
_add(fargate_app, None, fargate.doctor, "doctor", "hardway fargate doctor", "hardway fargate doctor -o json")
_add(fargate_app, None, fargate.ps, "ps", "hardway fargate ps", "hardway fargate ps -o json")
_add(
    local_fargate_app,
    None,
    fargate.local_up,
    "up",
    "hardway fargate local up",
    "hardway fargate local up --images ./archives --lab hardway",
)
_add(local_fargate_app, None, fargate.local_status, "status", "hardway fargate local status")
_add(local_fargate_app, None, fargate.local_config, "config", "hardway fargate local config > fargate.toml")
_add(local_fargate_app, None, fargate.local_down, "down", "hardway fargate local down --yes")
fargate_app.add_typer(local_fargate_app, name="local")
app.add_typer(fargate_app, name="fargate", rich_help_panel=_CLUSTER)
_add(workstation_app, None, workstation.init, "init", "hardway workstation init")
_add(workstation_app, None, workstation.plan, "plan", "hardway workstation plan", "hardway workstation plan -o json")
_add(workstation_app, None, workstation.apply, "apply", "hardway workstation apply", "hardway workstation apply --yes")
_add(
    workstation_app,
    None,
    workstation.undo,
    "undo",
    "hardway workstation undo | show what would go, ask, do it",
    "hardway workstation undo --yes",
)
_add(
    workstation_app,
    None,
    workstation.show,
    "show",
    "hardway workstation show",
    "hardway workstation show text/plain application/pdf | what opens these",
    "hardway workstation show .txt txtfile | from WSL: what Windows opens these with",
)
app.add_typer(workstation_app, name="workstation", rich_help_panel=_COMPUTER)
_add(
    compose_app,
    None,
    compose_files.config,
    "config",
    "hardway compose config | the resolved project, each key with where it came from",
    "hardway compose config -f compose.yaml -f test.yaml --strict | and whether a cluster takes it",
    "hardway compose config -o json",
)
_add(
    compose_app,
    None,
    compose_files.convert,
    "convert",
    "hardway compose convert --to manifests | objects for kubectl apply, a file each",
    "hardway compose convert --to manifests --lax | leave out what has no place, and tell",
)
_add(compose_app, None, compose.plan, "plan", "hardway compose plan", "hardway compose plan --cluster lab.yaml -o json")
_add(
    compose_app,
    None,
    compose.up,
    "up",
    "hardway compose up | show the plan, ask, do it",
    "hardway compose up --yes --profile debug",
)
_add(
    compose_app,
    None,
    compose.down,
    "down",
    "hardway compose down | its volumes stay",
    "hardway compose down -v | and those too: their data is gone",
    "hardway compose down -p shop | without its files",
)
_add(compose_app, None, compose.ps, "ps", "hardway compose ps", "hardway compose ps -o json")
_add(
    compose_app,
    None,
    compose.logs,
    "logs",
    "hardway compose logs | of all services",
    "hardway compose logs --follow web db",
)
_add(
    compose_app,
    None,
    compose.exec_,
    "exec",
    "hardway compose exec db -- mysql -u root",
    "hardway compose exec -p shop web -- sh",
    context_settings=PLAIN_ARGUMENTS,
)
app.add_typer(compose_app, name="compose", rich_help_panel=_APPLICATION)


def run(doors: Doors, argv: Sequence[str]) -> int:
    """One call of the command; answers its exit code: 0 done, 1 failed, 2 bad input, 3 (plan) there are changes."""
    command = typer.main.get_command(app)
    try:
        command.main(args=list(argv), prog_name="hardway", obj=doors)
    except SystemExit as ended:
        return _code(ended.code)
    return 0


def _code(code: str | int | None) -> int:
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        return 1
    return code or 0
