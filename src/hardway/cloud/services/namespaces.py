"""Does something in another network namespace, such as opening a socket there. Standard library alone."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

CLONE_NEWNET = 0x40000000
T = TypeVar("T")


def inside(namespace: str, work: Callable[[], T]) -> T:
    """Work's answer. A namespace is a thread's own (setns(2)): one that ends afterwards enters it. Raises OSError."""

    def enter_and_work() -> T:
        handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns", namespace)
        finally:
            os.close(handle)
        return work()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(enter_and_work).result()
