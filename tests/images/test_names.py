"""Names: what references mean, which tags an image has, and that no tag is silently another."""

from __future__ import annotations

import pytest

from hardway.images import catalogue
from hardway.images.faults import ImageFault
from hardway.images.names import Reference, choose, full_repository, reference, require_possible, tags, upstream_version
from hardway.images.operations import wish, wishes


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("nginx", "docker.io/library/nginx", "latest"),
        ("nginx:1.26", "docker.io/library/nginx", "1.26"),
        ("library/nginx", "docker.io/library/nginx", "latest"),
        ("docker.io/nginx", "docker.io/library/nginx", "latest"),
        ("docker.io/library/nginx:1", "docker.io/library/nginx", "1"),
        ("bitnami/nginx", "docker.io/bitnami/nginx", "latest"),
        ("registry.k8s.io/e2e-test-images/agnhost:2.66.1", "registry.k8s.io/e2e-test-images/agnhost", "2.66.1"),
        ("localhost/site", "localhost/site", "latest"),
        ("registry.example:5000/site:a", "registry.example:5000/site", "a"),
    ],
)
def test_references_mean_what_docker_means_by_them(text: str, repository: str, tag: str) -> None:
    assert reference(text) == Reference(repository, tag)


@pytest.mark.parametrize("text", ["", "Nginx", "nginx:", "nginx:-x", "a b", "nginx@sha256:00", "../nginx", "n" * 600])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ImageFault, match="no name of an image") as caught:
        reference(text)
    assert caught.value.bad_input


@pytest.mark.parametrize(
    ("version", "upstream"),
    [("1.26.3-3+deb13u10", "1.26.3"), ("1:1.37.0-6+b9", "1.37.0"), ("3.13.5-1", "3.13.5"), ("9.7.4-2", "9.7.4")],
)
def test_upstream_versions(version: str, upstream: str) -> None:
    assert upstream_version(version) == upstream


def test_tags_follow_from_the_version() -> None:
    assert tags(catalogue.description("nginx").said, "1.26.3-3") == ("1.26.3", "1.26", "1", "latest", "stable")
    slim = tags(catalogue.description("python").said, "3.13.5-1")
    assert slim[:4] == ("3.13.5-slim", "3.13-slim", "3-slim", "3.13.5-slim-trixie")
    assert "3.13" not in slim and "latest" not in slim


CHOICES: list[tuple[str, str, str, str]] = [
    # name, its version, what is asked for; "" for the same, what is said of a substitute, "refused"
    ("nginx", "1.26.3-3", "nginx", ""),
    ("nginx", "1.26.3-3", "nginx:1.26.3", ""),
    ("nginx", "1.26.3-3", "nginx:1.15-alpine", "nginx:1.15-alpine is not made here; nginx:1.26.3 stands for it, but:"),
    ("nginx", "1.26.3-3", "nginx:1.26-perl", "refused"),
    ("mysql", "9.7.4-2", "mysql:5.7", "mysql:5.7 is not made here; mysql:9.7.4 stands for it, but:"),
    ("mysql", "9.7.4-2", "mysql:9.7", ""),
    ("mysql", "9.7.4-2", "mysql:4.1", "refused"),
    ("python", "3.13.5-1", "python:3.12", "python:3.12 is not made here; python:3.13.5-slim stands for it, but:"),
    ("python", "3.13.5-1", "python:2.7", "refused"),
    ("httpd", "2.4.71-1", "httpd:2.4-alpine", "httpd:2.4-alpine is not made here; httpd:2.4.71 stands for it, but:"),
    ("busybox", "1:1.37.0-6", "busybox:1.28", "busybox:1.28 is not made here; busybox:1.37.0 stands for it, but:"),
    ("busybox", "1:1.37.0-6", "busybox:unstable", "refused"),
]


@pytest.mark.parametrize(("name", "version", "asked", "said"), CHOICES)
def test_a_tag_is_there_or_a_substitute_is_told_or_it_is_refused(
    name: str, version: str, asked: str, said: str
) -> None:
    described, wanted = catalogue.description(name).said, reference(asked)
    made = tags(described, version)
    if said == "refused":
        for refuse in (lambda: choose(described, made, wanted), lambda: require_possible(described, wanted)):
            with pytest.raises(ImageFault, match="nothing may stand for it") as caught:
                refuse()
            assert caught.value.bad_input
        return
    require_possible(described, wanted)
    note = choose(described, made, wanted).note
    assert note.startswith(said) and bool(note) == bool(said)


def test_what_the_catalogue_has_not_is_refused_with_what_is_near() -> None:
    with pytest.raises(ImageFault, match="Did you mean nginx") as caught:
        wish("ngnix:1.26")
    assert caught.value.bad_input
    assert full_repository("nginx") in str(wish("nginx").reference)


def test_all_wrong_wishes_are_told_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        wishes(["nginx", "nginx:perl", "foo", "A"])
    assert [type(one) for one in caught.value.exceptions] == [ImageFault] * 3
