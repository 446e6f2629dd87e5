"""The store as a plan uses it: observe, apply, and the values that follow; and which source it turns to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from hardway.catalog.programs import IMAGES, PROGRAMS
from hardway.catalog.releases import release
from hardway.engine.handler import Context, StepFailed
from hardway.plan.steps import Action, Step
from hardway.resources.base import Chapter, Ref, absent
from hardway.resources.operator import Blob
from hardway.sources.cache import Cache, Key
from hardway.sources.faults import NotAnswering, SourceFault, WrongChecksum
from hardway.sources.source import Item, Report
from hardway.sources.store import Store

KUBELET = Item("kubelet", "1.37.2")
PROXY = Item("kube-proxy", "1.37.2")
ETCD = Item("etcd", "3.6.16")
COREDNS = Item("image-coredns", "1.15.0")


@dataclass
class Fake:
    """A source that has everything, or fails as it is told."""

    cache: Cache
    kind: str
    fault: SourceFault | None = None
    fetched: list[tuple[str, ...]] = field(default_factory=list)

    def key(self, item: Item) -> Key | None:
        return Key(item.name, item.version, "amd64", f"{self.kind}-fake")

    async def fetch(self, items: Sequence[Item], report: Report) -> None:
        self.fetched.append(tuple(item.name for item in items))
        report(items[0].name, f"asking {self.kind}")
        if self.fault is not None:
            raise self.fault
        for item in items:
            key = self.key(item)
            assert key is not None
            with self.cache.workspace() as work:
                (work / "file").write_text(f"{item} of {self.kind}")
                self.cache.put(key, work / "file", executable=True)


def made(cache: Cache, kind: str = "auto", **faults: SourceFault) -> tuple[Store, Fake, Fake]:
    store = Store(cache, kind=kind)
    upstream, go = (Fake(cache, name, faults.get(name)) for name in ("upstream", "go"))
    store._programs = (upstream, go)
    return store, upstream, go


def blob(item: Item) -> Blob:
    return Blob(chapter=Chapter.TOOLS, blob=item.name, version=item.version)


def step(item: Item) -> Step:
    resource = blob(item)
    return Step(resource, Action.CREATE, absent(resource.id), (), "not in the cache", ())


@dataclass
class Watched:
    """What a handler tells while it works."""

    finished: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)

    @property
    def context(self) -> Context:
        def resolve(ref: Ref) -> bytes:
            raise KeyError(ref)

        return Context(
            resolve,
            lambda step: self.finished.append(step.id),
            lambda step, what: self.waiting.append((step, what)),
        )


async def test_what_was_absent_is_there_after_it_was_applied(cache: Cache) -> None:
    store, upstream, _ = made(cache)
    resources = [blob(KUBELET), blob(PROXY)]
    assert await store.observe(resources) == {}
    watched = Watched()
    await store.apply([step(KUBELET), step(PROXY)], watched.context)
    assert watched.finished == [resource.id for resource in resources]
    assert watched.waiting == [(resources[0].id, "asking upstream")]
    seen = await store.observe(resources)
    assert {name: dict(each.attributes) for name, each in seen.items()} == {
        resource.id: {"cached": "yes"} for resource in resources
    }
    assert not any(each.owned for each in seen.values())
    assert upstream.fetched == [("kubelet", "kube-proxy")]


async def test_values_follow_from_what_is_cached(cache: Cache) -> None:
    store, _, _ = made(cache)
    reference = Ref(blob(KUBELET).id, "sha256")
    assert store.value(reference) is None
    await store.obtain(KUBELET)
    content = b"kubelet 1.37.2 of upstream"
    assert store.value(reference) == sha256(content).hexdigest().encode()
    path = store.value(Ref(blob(KUBELET).id, "path"))
    assert path is not None
    assert Path(path.decode()).read_bytes() == content
    assert store.value(Ref("key:operator:admin", "sha256")) is None


async def test_nothing_is_fetched_twice(cache: Cache) -> None:
    store, upstream, _ = made(cache)
    await store.obtain(KUBELET)
    await store.obtain_all([KUBELET, PROXY])
    assert upstream.fetched == [("kubelet",), ("kube-proxy",)]


async def test_two_at_once_fetch_once(cache: Cache) -> None:
    first, second = made(cache), made(cache)
    entries = await asyncio.gather(*(store.obtain(KUBELET) for store, _, _ in (first, second)))
    assert entries[0] == entries[1]
    assert len(first[1].fetched) + len(second[1].fetched) == 1


async def test_a_blob_that_rots_in_the_cache_is_fetched_anew(cache: Cache) -> None:
    store, upstream, _ = made(cache)
    entry = await store.obtain(KUBELET)
    cache.path(entry.sha256).write_bytes(b"rot")
    assert await store.observe([blob(KUBELET)]) == {}
    assert await store.obtain(KUBELET) == store.entry(KUBELET)
    assert len(upstream.fetched) == 2


async def test_auto_goes_on_to_the_next_source_that_answers(cache: Cache) -> None:
    store, _, _ = made(cache, upstream=NotAnswering("dl.k8s.io does not answer"))
    told: list[str] = []
    entry = await store.obtain(KUBELET, lambda name, line: told.append(line))
    assert cache.path(entry.sha256).read_text() == "kubelet 1.37.2 of go"
    assert told == ["asking upstream", "upstream: dl.k8s.io does not answer", "asking go"]


async def test_a_wrong_checksum_is_no_reason_to_look_elsewhere(cache: Cache) -> None:
    store, _, go = made(cache, upstream=WrongChecksum("kubelet: wrong checksum", "published a\ngot b"))
    watched = Watched()
    with pytest.raises(StepFailed, match="wrong checksum") as caught:
        await store.apply([step(KUBELET)], watched.context)
    assert caught.value.evidence == "published a\ngot b"
    assert caught.value.step_id == blob(KUBELET).id
    assert (go.fetched, watched.finished) == ([], [])


async def test_where_nobody_answers_all_reasons_are_told(cache: Cache) -> None:
    store, _, _ = made(cache, upstream=NotAnswering("no route"), go=NotAnswering("GOPROXY=off"))
    with pytest.raises(StepFailed, match=r"no source has kubelet 1\.37\.2") as caught:
        await store.apply([step(KUBELET)], Watched().context)
    assert caught.value.evidence == "upstream: no route\ngo: GOPROXY=off"
    assert caught.value.advice


@pytest.mark.parametrize(
    ("kind", "asked"), [("auto", ["upstream"]), ("upstream", ["upstream"]), ("go", ["go"]), ("cache", [])]
)
async def test_the_kind_says_who_is_asked(cache: Cache, kind: str, asked: list[str]) -> None:
    store, upstream, go = made(cache, kind)
    if asked:
        await store.obtain(KUBELET)
    else:
        with pytest.raises(SourceFault, match="no source has"):
            await store.obtain(KUBELET)
    assert [source.kind for source in (upstream, go) if source.fetched] == asked


async def test_another_kinds_blob_is_not_what_was_asked_for(cache: Cache) -> None:
    await made(cache, "upstream")[0].obtain(KUBELET)
    assert made(cache, "go")[0].entry(KUBELET) is None
    assert made(cache, "cache")[0].entry(KUBELET) is not None


async def test_our_own_program_is_built_whatever_the_kind(cache: Cache) -> None:
    store, _, go = made(cache, "upstream", upstream=NotAnswering("upstream publishes no probe"))
    await store.obtain(Item("probe", "2"))
    assert go.fetched == [("probe",)]


async def test_an_image_is_made_of_its_program_where_no_registry_answers(cache: Cache) -> None:
    store, upstream, _ = made(cache, "go")
    entry = await store.obtain(COREDNS)
    assert entry.digest.startswith("sha256:")
    assert store.value(Ref(blob(COREDNS).id, "digest")) == entry.digest.encode()
    assert upstream.fetched == []
    assert await store.obtain(COREDNS) == entry


async def test_another_program_makes_another_image(cache: Cache) -> None:
    store, _, go = made(cache, "go")
    before = await store.obtain(COREDNS)
    program = go.key(Item("coredns", "1.15.0"))
    assert program is not None
    with cache.workspace() as work:
        (work / "file").write_text("a newer build")
        cache.put(program, work / "file", executable=True)
    assert store.entry(COREDNS) is None
    assert (await store.obtain(COREDNS)).digest != before.digest


def test_steps_of_one_upstream_module_go_together(cache: Cache) -> None:
    store = Store(cache)
    assert store.batch(step(KUBELET)) == store.batch(step(PROXY))
    keys = {store.batch(step(item)) for item in (KUBELET, ETCD, COREDNS, Item("image-pause", "3.10.1"))}
    assert len(keys) == 4


def test_an_unknown_kind_is_refused_with_the_known_ones(cache: Cache) -> None:
    with pytest.raises(SourceFault, match=r"no source 'ftp'\n.*auto, upstream, go, cache"):
        Store(cache, kind="ftp")


@pytest.mark.parametrize("name", [*PROGRAMS, *IMAGES])
def test_ensure_brings_a_release_by_name(cache: Cache, name: str) -> None:
    store, _, _ = made(cache, "go")
    files = store.ensure([name], release("1.37.2"))
    assert files[name].exists()


async def test_a_cache_that_cannot_be_written_is_a_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store, _, _ = made(Cache(tmp_path / "file" / "cache"))
    with pytest.raises(SourceFault, match="HARDWAY_CACHE"):
        await store.obtain(KUBELET)


async def test_a_name_that_nobody_knows_is_a_clear_fault(cache: Cache) -> None:
    with pytest.raises(SourceFault, match="no source has kube-dns 1"):
        await Store(cache).obtain(Item("kube-dns", "1"))
