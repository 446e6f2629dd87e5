"""The client against a real API server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from hardway.kube.api import Access, ApiError, ApiUnavailable, Body
from hardway.kube.client import FIELD_MANAGER, KubeClient
from tests.kube.conftest import RealApi

pytestmark = pytest.mark.build


def config_map(name: str, **data: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": {"test": name}},
        "data": data,
    }


CRD: Body = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "mice.test.example"},
    "spec": {
        "group": "test.example",
        "names": {"plural": "mice", "singular": "mouse", "kind": "Mouse"},
        "scope": "Cluster",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


async def test_every_character_is_taken_as_it_is(api: RealApi) -> None:
    text = "".join(map(chr, (*range(1, 0x100), 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0x3042, 0x1F600))) + "\\ud83d \\n"
    async with KubeClient(Access(api.break_glass)) as client:
        made = await client.apply(config_map("characters", text=text))
        assert made["data"]["text"] == text
        await client.delete("v1", "ConfigMap", "characters", "default")


async def test_apply_get_list_delete(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        made = await client.apply(config_map("one", a="1"))
        assert made["metadata"]["managedFields"][0]["manager"] == FIELD_MANAGER
        found = await client.get("v1", "ConfigMap", "one", "default")
        assert found is not None
        assert found["data"] == {"a": "1"}
        listed = await client.list("v1", "ConfigMap", labels="test=one")
        assert [(one["kind"], one["metadata"]["name"]) for one in listed] == [("ConfigMap", "one")]
        await client.delete("v1", "ConfigMap", "one", "default")
        assert await client.get("v1", "ConfigMap", "one", "default") is None
        await client.delete("v1", "ConfigMap", "one", "default")


async def test_a_dry_run_changes_nothing(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        await client.apply(config_map("dry", a="1"))
        would = await client.apply(config_map("dry", a="2"), dry_run=True)
        assert would["data"] == {"a": "2"}
        live = await client.get("v1", "ConfigMap", "dry", "default")
        assert live is not None
        assert live["data"] == {"a": "1"}


async def test_apply_leaves_the_fields_of_others(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        await client.create(config_map("shared", theirs="1", ours="old"))
        after = await client.apply(config_map("shared", ours="new"))
        assert after["data"] == {"theirs": "1", "ours": "new"}


async def test_a_kind_that_is_defined_later(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        assert await client.get("test.example/v1", "Mouse", "one") is None
        await client.apply(CRD)
        async with asyncio.timeout(20), aclosing(client.watch(CRD["apiVersion"], CRD["kind"])) as events:
            async for event in events:
                conditions = event.object.get("status", {}).get("conditions") or ()
                if any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
                    break
        mouse = {"apiVersion": "test.example/v1", "kind": "Mouse", "metadata": {"name": "one"}, "tail": {"long": True}}
        made = await client.apply(mouse)
        assert made["tail"] == {"long": True}


async def test_watch_begins_with_what_is_there_and_goes_on(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        await client.apply(config_map("watched", a="1"))
        seen: list[tuple[str, str]] = []
        async with asyncio.timeout(20):
            events = client.watch("v1", "ConfigMap", "default", fields="metadata.name=watched")
            async with aclosing(events):
                async for event in events:
                    seen.append((event.type, event.object["data"]["a"]))
                    if event.type == "ADDED":
                        await client.apply(config_map("watched", a="2"))
                    if event.type == "MODIFIED":
                        await client.delete("v1", "ConfigMap", "watched", "default")
                    if event.type == "DELETED":
                        break
        assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


async def test_many_requests_at_once(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        names = [f"many-{number}" for number in range(60)]
        await asyncio.gather(*(client.apply(config_map(name)) for name in names))
        found = await asyncio.gather(*(client.get("v1", "ConfigMap", name, "default") for name in names))
        assert [one["metadata"]["name"] for one in found if one] == names


async def test_a_watch_that_is_given_up_does_not_hold_up_others(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        for _ in range(30):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02), aclosing(client.watch("v1", "Secret", "default")) as events:
                    async for _event in events:
                        pass
        assert await client.list("v1", "Namespace")


async def test_refusals_say_what_the_api_said(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass)) as client:
        with pytest.raises(ApiError, match=r"422 Invalid: .*lowercase RFC 1123") as caught:
            await client.apply(config_map("Not_A_Name"))
        assert caught.value.status == 422


async def test_who_asks(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass, anonymous=True)) as nobody:
        assert (await nobody.request("GET", "/api/v1/secrets")).status == 403
    async with KubeClient(Access(api.break_glass, token="not.a.token")) as liar:
        assert (await liar.request("GET", "/version")).status == 401
    async with KubeClient(Access(api.stranger)) as stranger:
        assert (await stranger.request("GET", "/version")).status == 401


def test_a_token_is_not_shown() -> None:
    assert "s3cr3t" not in repr(Access(Path("x"), token="s3cr3t"))


async def test_no_answer_is_told_as_such(api: RealApi) -> None:
    async with KubeClient(Access(api.break_glass, server="https://127.0.0.1:1")) as client:
        with pytest.raises(ApiUnavailable, match="connection attempts failed"):
            await client.request("GET", "/version")


async def test_an_api_of_another_authority_is_not_trusted(api: RealApi) -> None:
    config = api.break_glass.with_name("mistrust.kubeconfig")
    config.write_text(api.break_glass.read_text().replace(": ca.crt", ": other-ca.crt"))
    async with KubeClient(Access(config)) as client:
        with pytest.raises(ApiUnavailable, match="certificate verify failed"):
            await client.request("GET", "/version")


async def test_the_api_is_held_to_the_name_in_the_kubeconfig(api: RealApi) -> None:
    config = api.break_glass.with_name("named.kubeconfig")
    config.write_text(api.break_glass.read_text().replace("{server:", "{tls-server-name: api.test, server:"))
    async with KubeClient(Access(config)) as client:
        assert (await client.request("GET", "/version")).status == 200
    config.write_text(api.break_glass.read_text().replace("{server:", "{tls-server-name: other.test, server:"))
    async with KubeClient(Access(config)) as client:
        with pytest.raises(ApiUnavailable, match=r"certificate is not valid for 'other\.test'"):
            await client.request("GET", "/version")


async def test_the_api_is_reached_through_the_proxy_in_the_kubeconfig(api: RealApi) -> None:
    """A proxy that is not there: the API itself would answer."""
    config = api.break_glass.with_name("proxied.kubeconfig")
    config.write_text(api.break_glass.read_text().replace("{server:", "{proxy-url: 'socks5://127.0.0.1:1', server:"))
    async with KubeClient(Access(config)) as client:
        with pytest.raises(ApiUnavailable):
            await client.request("GET", "/version")


@pytest.mark.parametrize("text", ["", "{", "kind: Config", "clusters: [1]"])
def test_a_bad_kubeconfig_is_told_as_such(api: RealApi, text: str) -> None:
    config = api.kubeconfig.with_name("bad.kubeconfig")
    config.write_text(text)
    with pytest.raises(ApiUnavailable, match=r"bad\.kubeconfig"):
        KubeClient(Access(config))
