"""Reading upstream's checksum files, and the lock that holds upstream to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardway.sources.checksums import ChecksumLock, published
from hardway.sources.faults import ChecksumChanged, NotAnswering, SourceFault

A, B = "a" * 64, "b" * 64
URL = "https://example.org/v1/runc.amd64"
SIGNED = (
    f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{B}  runc.arm64\n{A}  runc.amd64\n-----BEGIN PGP SIGNATURE"
)


@pytest.mark.parametrize(
    "text",
    [A, f"{A}\n", A.upper(), f"{A}  runc.amd64\n", f"{A} *runc.amd64", f"{B}  other\n{A}  ./runc.amd64\n", SIGNED],
)
def test_the_files_own_checksum_is_read(text: str) -> None:
    assert published(text, URL) == A


@pytest.mark.parametrize("text", ["", "not found", f"{B}  runc.arm64", f"{A}\n{B}\n", f"{A[:-1]}", f"{A}0", "<html>"])
def test_anothers_checksum_is_not_taken(text: str) -> None:
    with pytest.raises(NotAnswering):
        published(text, URL)


def test_first_seen_is_held_to(tmp_path: Path) -> None:
    lock = ChecksumLock(tmp_path / "checksums.lock")
    lock.hold(URL, A)
    ChecksumLock(tmp_path / "checksums.lock").hold(URL, A)
    with pytest.raises(ChecksumChanged, match=r"runc\.amd64 is not what it was") as caught:
        lock.hold(URL, B)
    assert A in caught.value.evidence
    assert B in caught.value.evidence
    with pytest.raises(ChecksumChanged):
        lock.hold(URL, B)


@pytest.mark.parametrize("garbage", ["", "{", "[]", "null"])
def test_a_broken_lock_is_not_a_first_sight(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "checksums.lock").write_text(garbage)
    with pytest.raises(SourceFault, match="cannot be read"):
        ChecksumLock(tmp_path / "checksums.lock").hold(URL, A)
