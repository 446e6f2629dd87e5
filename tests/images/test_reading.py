"""Descriptions: the catalogue's can be read, and a wrong one is refused with all that is wrong, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardway.images import catalogue
from hardway.images.names import tags
from hardway.images.reading import load
from hardway.spec.faults import SpecFaults

LEAST = "name: site\ntitle: a site\npackages: [nginx]\n"


def folder(path: Path, text: str, **files: bytes) -> Path:
    (path / "image.yaml").write_text(text)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("name", catalogue.names())
def test_the_catalogue_can_be_read(name: str) -> None:
    assert catalogue.description(name).said.title


@pytest.mark.parametrize("name", catalogue.names())
def test_every_tag_that_an_image_of_the_catalogue_can_have_is_let_through(name: str) -> None:
    from hardway.images.names import Reference, require_possible

    said = catalogue.description(name).said
    version = {"python": "3.14.8-1", "mysql": "9.7.4-2", "busybox": "1:1.37.0-6"}.get(name, said.version or "2.26.3-1")
    for tag in tags(said, version):
        require_possible(said, Reference(f"docker.io/library/{name}", tag))


def test_the_least_description(tmp_path: Path) -> None:
    said = load(folder(tmp_path, LEAST)).said
    assert (said.suite, said.main_package, said.tags) == ("trixie", "nginx", ("latest",))


FILE = "files:\n  - {path: /x, source: %s}\n"

WRONG: list[tuple[str, list[str]]] = [
    ("", ["image.yaml: is empty"]),
    ("name: [", ["image.yaml:1:8: not valid YAML"]),
    ("name: site\ntitle: t\n", ["made of `packages` or of one `program`"]),
    (LEAST + "program: {name: probe, path: /p}\nversion: '1'\n", ["made of `packages` or of one `program`"]),
    (LEAST + "version: '1.0'\n", ["packages have versions of their own"]),
    (LEAST.replace("site", "Site", 1), ["image.yaml:1:7: name: 'Site'"]),
    (LEAST + "colour: red\n", ["image.yaml:4:1: colour: 'red': Extra inputs"]),
    (LEAST + "suite: buster\n", ["image.yaml:4:8: suite: 'buster'"]),
    (LEAST + "removed: [etc/x, /a/../b, /]\n", ["4:11: removed[0]", "4:18: removed[1]", "4:27: removed[2]"]),
    (LEAST + "substitutes:\n  - {tags: '(', but: x}\n", ["image.yaml:5:12", "no regular expression"]),
    (LEAST + "start: {stopSignal: KILL, ports: [0]}\n", ["start.stopSignal", "start.ports[0]"]),
    (LEAST + "users: [{name: 'a:b', number: 1, home: /}]\n", ["users[0].name", "users[0].home"]),
    (LEAST + FILE % "there-is-none", ["5:24: files[0].source: there is no file there-is-none"]),
    (LEAST + FILE % "/etc/passwd", ["a path in the description's own folder"]),
    (LEAST + FILE % "../secret", ["a path in the description's own folder"]),
    (LEAST + FILE % "link", ["leads out of the description's folder"]),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_place(text: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "image" / "link").symlink_to("../secret")
    with pytest.raises(SpecFaults) as caught:
        load(folder(tmp_path / "image", text))
    for part in told:
        assert part in str(caught.value)


SITE = "folders:\n  - {path: /site, source: pages, owner: [33, 33]}\n"


def test_a_folder_is_laid_with_all_that_is_in_it(tmp_path: Path) -> None:
    for path in ("pages/index.html", "pages/a/b.css", "pages/run"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "pages/run").chmod(0o755)
    described = load(folder(tmp_path, LEAST + SITE))
    assert [(file.path, file.mode, file.owner) for file in described.files] == [
        ("/site/a/b.css", 0o644, (33, 33)),
        ("/site/index.html", 0o644, (33, 33)),
        ("/site/run", 0o755, (33, 33)),
    ]
    assert described.contents["/site/a/b.css"] == b"pages/a/b.css"
    before = described.digest
    (tmp_path / "pages/run").chmod(0o644)
    assert load(tmp_path).digest != before


@pytest.mark.parametrize("target", ["/etc/passwd", "../image.yaml", "/etc", "nowhere"])
def test_a_link_in_a_folder_leads_to_nothing_outside(tmp_path: Path, target: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/link").symlink_to(target)
    made = folder(tmp_path, LEAST + SITE)
    if target == "../image.yaml":  # it is in the description's own folder
        assert load(made).contents["/site/link"] == (tmp_path / "image.yaml").read_bytes()
        return
    with pytest.raises(SpecFaults, match=r":5:[0-9]+: folders\[0\].source: "):
        load(made)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecFaults, match="there is no folder pages beside"):
        load(folder(tmp_path, LEAST + SITE))


def test_a_folder_without_a_description(tmp_path: Path) -> None:
    with pytest.raises(SpecFaults, match="there is no such file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("FROM alpine\nRUN apk --no-cache add nginx\n", "calls apk, whose packages only Alpine's own mirrors have"),
        (
            "FROM debian\nRUN apt-get install nginx\n",
            "a Dockerfile is not built here — describe the image in image.yaml",
        ),
    ],
)
def test_a_dockerfile_is_told_apart(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(SpecFaults, match=told):
        load(tmp_path)


def test_the_digest_is_of_all_that_decides_what_comes_out(tmp_path: Path) -> None:
    text = LEAST + FILE % "x"
    before = load(folder(tmp_path, text, x=b"1")).digest
    assert load(folder(tmp_path, text, x=b"1")).digest == before
    assert load(folder(tmp_path, text, x=b"2")).digest != before
    assert load(folder(tmp_path, text.replace("a site", "another"), x=b"1")).digest != before
