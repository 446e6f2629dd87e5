"""The server's program: python -m hardway.fargate.local NAME. It listens on descriptor 3 (sd_listen_fds(3))."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.containers import Containers
from hardway.fargate.local.images import Images
from hardway.fargate.local.network import Vpc
from hardway.fargate.local.places import place
from hardway.fargate.local.record import read_record
from hardway.fargate.local.server import LocalAws, serve


async def main(name: str) -> None:
    here = place(name)
    record = read_record(here)
    if record is None:
        sys.exit(f"there is no local Fargate {name}")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    vpc = Vpc(here, record.networks)
    images = Images([*record.archive_paths], here.images)
    runtime = Containers(here, record.runc_path, images, vpc)
    await runtime.sweep()
    aws = LocalAws(record.account(), runtime, Behaviour())
    aws.ecs.CreateCluster({"clusterName": record.cluster})
    aws.logs.CreateLogGroup({"logGroupName": record.log_group})
    await serve(aws, socket.socket(fileno=3), stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
