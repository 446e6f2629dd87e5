"""plan, apply, undo and show with the real xdg-mime, real shells and a real home: afterwards it is as it was before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import yaml

from hardway.components.credentials import kubeconfig_body
from hardway.engine.apply import ApplyFailed
from hardway.operations.merging import MERGED
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.pki import names
from hardway.plan.steps import Action, Plan
from hardway.state.directory import open_state
from hardway.workstation.commands import output_of
from tests.pki.vault_in_memory import make_pki, small_cluster
from tests.workstation.bench import Computer

NOTHING = "programs: []\ncompletions: []\n"
TOOLS = "completions: [bash, zsh, fish]\n"


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action.value, step.resource.kind) for step in plan.steps]


def desktop_file(computer: Computer, name: str) -> None:
    folder = computer.home / ".local/share/applications"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.desktop").write_text(f"[Desktop Entry]\nType=Application\nName={name}\nExec=/bin/cat %f\n")


async def test_programs_and_completions_come_and_go(computer: Computer) -> None:
    (computer.home / ".zshrc").write_text("# mine")
    (computer.home / ".local/bin").mkdir(parents=True)
    theirs = computer.home / ".local/bin/kubectl"
    theirs.write_text("an older one")
    before = computer.everything()
    computer.wants(TOOLS)
    done = await computer.apply()
    assert done.steps == 9
    assert theirs.read_bytes() == computer.kubectl.read_bytes()
    assert (computer.home / ".local/bin/hardway").is_symlink()
    completion = computer.home / ".local/share/bash-completion/completions/kubectl"
    assert completion.read_text() == "# bash completes kubectl\n"
    assert not await computer.plan()
    assert (await computer.apply()).steps == 0
    await computer.undo()
    assert computer.everything() == before


async def test_what_was_altered_is_mended_and_what_is_no_longer_wanted_goes(computer: Computer) -> None:
    before = computer.everything()
    computer.wants(TOOLS)
    await computer.apply()
    fish = computer.home / ".config/fish/completions/kubectl.fish"
    fish.write_text("altered")
    (computer.home / ".local/bin/kubectl").chmod(0o644)
    assert actions(await computer.plan()) == [("change", "program"), ("change", "completion")]
    await computer.apply()
    assert fish.read_text() == "# fish completes kubectl\n"
    computer.wants("completions: [bash]\nprograms: [kubectl]\n")
    assert {action for action, _ in actions(await computer.plan())} == {"remove"}
    await computer.apply()
    assert not fish.exists()
    assert not (computer.home / ".zshrc").exists()
    await computer.undo()
    assert computer.everything() == before


async def test_a_newer_kubectl_prints_its_completions_anew(computer: Computer) -> None:
    computer.wants("programs: [kubectl]\n")
    await computer.apply()
    computer.kubectl.write_text(computer.kubectl.read_text() + "# newer\n")
    assert actions(await computer.plan()) == [("change", "program"), ("change", "completion")]


@pytest.mark.parametrize(
    ("shell", "check"),
    [("bash", ("bash", "-n")), ("zsh", ("zsh", "-n")), ("fish", ("fish", "--no-execute"))],
)
async def test_each_shell_can_read_what_it_is_given(shell: str, check: tuple[str, ...], computer: Computer) -> None:
    computer.wants(f"completions: [{shell}]\nprograms: [hardway]\n")
    await computer.apply()
    scripts = [path for path in computer.home.rglob("*hardway*") if path.is_file() and not path.is_symlink()]
    assert len(scripts) == 1
    await output_of((*check, str(scripts[0])))


async def test_zsh_completes_hardway_by_the_block_in_zshrc(computer: Computer) -> None:
    """A real zsh reads the .zshrc; the function that its first use loads is the one that completes."""
    computer.wants("completions: [zsh]\nprograms: [hardway]\n")
    await computer.apply()
    asked = "print ${_comps[hardway]}; autoload +X _hardway && functions _hardway | grep -c _hardway_completion"
    here = {"HOME": str(computer.home), "PATH": f"{computer.home}/.local/bin:/usr/bin:/bin", "TERM": "dumb"}
    printed = await output_of(("zsh", "-i", "-c", asked), environment=here)
    completes, count = printed.decode().split()[-2:]
    assert completes == "_hardway"
    assert int(count) >= 2


async def test_what_opens_files_is_set_shown_and_put_back(computer: Computer) -> None:
    for name in ("old", "new"):
        desktop_file(computer, name)
    mimeapps = computer.home / ".config/mimeapps.list"
    mimeapps.parent.mkdir()
    mimeapps.write_text("[Default Applications]\ntext/plain=old.desktop;\n\n[Added Associations]\nx/y=z.desktop;\n")
    before = computer.everything()
    computer.wants(f"{NOTHING}associations: {{text/plain: new.desktop, application/pdf: new.desktop}}\n")
    shown = {one.type: (one.handler, one.wanted) for one in (await computer.show("image/png")).handlers}
    assert shown == {
        "text/plain": ("old.desktop", "new.desktop"),
        "application/pdf": ("", "new.desktop"),
        "image/png": ("", ""),
    }
    await computer.apply()
    shown = {one.type: (one.handler, one.wanted) for one in (await computer.show()).handlers}
    assert set(shown.values()) == {("new.desktop", "new.desktop")}
    assert not await computer.plan()
    await computer.undo()
    assert computer.everything() == before


async def test_the_user_s_own_later_choices_stay(computer: Computer) -> None:
    for name in ("old", "new", "mine"):
        desktop_file(computer, name)
    mimeapps = computer.home / ".config/mimeapps.list"
    mimeapps.parent.mkdir()
    mimeapps.write_text("[Default Applications]\ntext/plain=old.desktop;\n")
    computer.wants(f"{NOTHING}associations: {{text/plain: new.desktop, application/pdf: new.desktop}}\n")
    await computer.apply()
    for mime in ("application/pdf", "image/png"):
        await output_of(("xdg-mime", "default", "mine.desktop", mime))
    await computer.undo()
    assert mimeapps.read_text() == (
        "[Default Applications]\ntext/plain=old.desktop;\napplication/pdf=mine.desktop\nimage/png=mine.desktop\n"
    )


async def test_a_program_that_is_not_installed_is_refused_before_anything_is_touched(computer: Computer) -> None:
    desktop_file(computer, "new")
    computer.wants("associations: {text/plain: news.desktop}\n")
    before = computer.everything()
    with pytest.raises(Refused, match=r"did you mean new\.desktop\?"):
        await computer.apply()
    assert computer.everything() == before


async def test_where_there_is_no_such_interpreter_it_is_said_before_anything_is_touched(computer: Computer) -> None:
    computer.wants("windows: {cmd: [no-cmd.exe], extensions: {.a: b}}\n")
    with pytest.raises(Refused, match=r"no-cmd\.exe"):
        await computer.apply()


async def test_a_refusal_of_windows_is_told(computer: Computer, tmp_path: Path) -> None:
    """An interpreter that takes nothing, as Windows' own does for one who is no administrator."""
    silent = tmp_path / "cmd.exe"
    silent.write_text("#!/bin/sh\necho Access is denied. >&2\nexit 1\n")
    silent.chmod(0o755)
    computer.wants(f"programs: []\ncompletions: []\nwindows: {{cmd: [{silent}], extensions: {{.a: b}}}}\n")
    with pytest.raises(ApplyFailed) as failed:
        await computer.apply()
    assert failed.value.failures[0].what == "Windows was told, and assoc .a is not there"
    assert "administrator" in failed.value.failures[0].advice


# Clusters


@pytest.fixture
def cluster(computer: Computer) -> World:
    """A cluster that is up, as far as its state says."""
    spec = computer.root / "cluster.yaml"
    state, pki = open_state(spec, "demo"), make_pki(small_cluster())
    for name, content in {
        "ca.pem": pki.certificates[names.KUBERNETES_CA],
        "admin.pem": pki.certificates[names.ADMIN],
        "admin-key.pem": pki.keys[names.ADMIN],
    }.items():
        state.write(name, content)
    body = kubeconfig_body(
        "kubernetes-the-hard-way",
        "admin",
        {"server": "https://127.0.0.1:1", "certificate-authority": "ca.pem"},
        {"client-certificate": "admin.pem", "client-key": "admin-key.pem"},
    )
    state.write("kubeconfig", yaml.safe_dump(body).encode())
    world = cast("World", SimpleNamespace(state=state, cluster=small_cluster()))
    computer.worlds[spec] = world
    return world


THEIRS = """# written by hand
apiVersion: v1
kind: Config
clusters: [{name: work, cluster: {server: https://work}}]
users: [{name: me, user: {token: t}}]
contexts: [{name: work, context: {cluster: work, user: me}}]
current-context: work
"""


@pytest.fixture
def kubeconfig(computer: Computer) -> Path:
    path = computer.home / ".kube/config"
    path.parent.mkdir()
    path.write_text(THEIRS)
    path.chmod(0o600)
    return path


async def test_a_context_is_merged_and_the_file_comes_back_with_its_comments(
    computer: Computer, cluster: World, kubeconfig: Path
) -> None:
    before = computer.everything()
    computer.wants(f"{NOTHING}clusters: [{{spec: cluster.yaml}}]\n")
    await computer.apply()
    merged = yaml.safe_load(kubeconfig.read_text())
    assert [one["name"] for one in merged["contexts"]] == ["work", "hardway-demo"]
    assert merged["current-context"] == "work"
    assert cluster.state.read(MERGED) is not None
    assert not await computer.plan()
    await computer.undo()
    assert computer.everything() == before


async def test_what_the_user_has_added_to_the_kubeconfig_since_stays(
    computer: Computer, cluster: World, kubeconfig: Path
) -> None:
    computer.wants(f"{NOTHING}clusters: [{{spec: cluster.yaml}}]\n")
    await computer.apply()
    merged = yaml.safe_load(kubeconfig.read_text())
    merged["users"].append({"name": "later", "user": {}})
    kubeconfig.write_text(yaml.safe_dump(merged))
    await computer.undo()
    left = yaml.safe_load(kubeconfig.read_text())
    assert [one["name"] for one in left["users"]] == ["me", "later"]
    assert [one["name"] for one in left["contexts"]] == ["work"]


async def test_the_first_context_of_all_is_current(computer: Computer, cluster: World) -> None:
    before = computer.everything()
    computer.wants(f"{NOTHING}clusters: [{{spec: cluster.yaml}}]\n")
    await computer.apply()
    assert yaml.safe_load((computer.home / ".kube/config").read_text())["current-context"] == "hardway-demo"
    await computer.undo()
    assert computer.everything() == before


async def test_a_cluster_that_is_not_up_yet_is_told_and_awaited(computer: Computer, cluster: World) -> None:
    cluster.state.delete("kubeconfig")
    computer.wants(f"{NOTHING}clusters: [{{spec: cluster.yaml}}]\n")
    proposed = await computer.propose()
    assert not proposed.picture.plan
    assert "there is no such cluster yet" in proposed.cautions[0]


async def test_names_that_dns_does_not_know_are_written_between_marks(computer: Computer, cluster: World) -> None:
    before = computer.everything()
    computer.wants(f"{NOTHING}clusters: [{{spec: cluster.yaml, names: hosts}}]\n")
    await computer.apply()
    text = computer.hosts.read_text()
    assert text.startswith("127.0.0.1 localhost\n# >>> hardway workstation >>>\n127.0.0.1 api.example.org api\n")
    assert not await computer.plan()
    computer.hosts.write_text(f"{text}192.0.2.1 printer\n")
    await computer.undo()
    assert computer.hosts.read_text() == "127.0.0.1 localhost\n192.0.2.1 printer\n"
    computer.hosts.write_text("127.0.0.1 localhost\n")
    after = computer.everything()
    assert after == before


async def test_a_step_that_fails_says_what_and_the_next_run_goes_on(computer: Computer) -> None:
    computer.wants("programs: [kubectl]\n")
    computer.kubectl.write_text("#!/bin/sh\necho no such completion >&2; exit 3\n")
    before = computer.everything()
    with pytest.raises(ApplyFailed) as failed:
        await computer.apply()
    assert "ended with status 3" in failed.value.failures[0].what
    assert failed.value.failures[0].evidence == "no such completion"
    assert [step.action for step in (await computer.plan()).steps] == [Action.CREATE]
    await computer.undo()
    assert computer.everything() == before
