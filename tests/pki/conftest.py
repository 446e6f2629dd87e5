from __future__ import annotations

import pytest

from tests.pki.vault_in_memory import ALGORITHMS, Pki, make_pki, small_cluster


@pytest.fixture(scope="session", params=ALGORITHMS)
def pki(request: pytest.FixtureRequest) -> Pki:
    return make_pki(small_cluster(request.param))


@pytest.fixture(scope="session")
def ecdsa() -> Pki:
    return make_pki(small_cluster())
