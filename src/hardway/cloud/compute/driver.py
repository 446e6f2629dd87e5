"""Nova's compute driver `hardway.HardwayDriver`: translates what Nova asks into servers and ports. Runs inside Nova.

One object for each host (chassis), several of them in one process. It keeps no state: all is in files, processes,
namespaces and the OVSDB, so that nova-compute may be killed while servers run. Not supported: snapshots, resize,
migration, volumes, rescue, pause; Nova says so to whoever asks for them.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import uuid
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import nova.conf
import os_resource_classes as orc
from nova import exception
from nova.api.metadata import base as metadata
from nova.compute import power_state
from nova.objects import fields
from nova.virt import driver, hardware, node
from oslo_log import log as logging

from hardway.cloud.compute import options, ports
from hardway.cloud.compute.first_boot import first_boot
from hardway.cloud.compute.image import TREE_PROPERTY
from hardway.cloud.compute.ports import Port
from hardway.cloud.compute.servers import Record
from hardway.cloud.compute.user_data import HostKey
from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.keys import new_key_pair

T = TypeVar("T")
CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
CONSOLE_BYTES = 100 * 1024
"""The most that Nova is given of a console log."""

options.register(CONF)


class HardwayDriver(driver.ComputeDriver):
    """Servers are systemd-nspawn machines."""

    capabilities = {  # noqa: RUF012 - as Nova has it
        **driver.ComputeDriver.capabilities,
        "supports_attach_interface": True,
        "supports_image_type_raw": True,
    }

    def init_host(self, host: str) -> None:
        """Not CONF.host: several hosts share the process."""
        self.host = host
        self.chassis = options.chassis(CONF, host)
        self.servers = options.servers(CONF)
        self.servers.instances.mkdir(parents=True, exist_ok=True)

    # This host, as the scheduler sees it.

    def get_available_nodes(self, refresh: bool = False) -> list[str]:
        return [self.host]

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        return {self._node_uuid(): self.host}

    def _node_uuid(self) -> str:
        """Nova keeps one identity a process (the file compute_id): make one for each host of it."""
        return str(uuid.uuid5(uuid.UUID(node.get_local_node_uuid()), self.host))

    def _capacity(self) -> dict[str, int]:
        """All of this computer: its chassis share it, and ratios say how far that may go."""
        disk = shutil.disk_usage(CONF.instances_path)
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
        return {orc.VCPU: os.cpu_count() or 1, orc.MEMORY_MB: memory, orc.DISK_GB: disk.total >> 30}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        capacity = self._capacity()
        disk = shutil.disk_usage(CONF.instances_path)
        records = [record for record in self.servers.records().values() if record.host == self.host]
        architecture = fields.Architecture.canonicalize(platform.machine())
        return {
            "uuid": self._node_uuid(),
            "hypervisor_type": "nspawn",
            "hypervisor_version": 1,
            "hypervisor_hostname": nodename,
            "cpu_info": "{}",
            "vcpus": capacity[orc.VCPU],
            "memory_mb": capacity[orc.MEMORY_MB],
            "local_gb": capacity[orc.DISK_GB],
            "vcpus_used": sum(record.vcpus for record in records),
            "memory_mb_used": sum(record.memory for record in records),
            "local_gb_used": disk.used >> 30,
            "disk_available_least": disk.free >> 30,
            "numa_topology": None,
            # Nova has no word for nspawn; LXC is its nearest relative.
            "supported_instances": [(architecture, fields.HVType.LXC, fields.VMMode.EXE)],
        }

    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        ratios = self._get_allocation_ratios(provider_tree.data(nodename).inventory)
        reserved = {
            orc.VCPU: CONF.reserved_host_cpus,
            orc.MEMORY_MB: CONF.reserved_host_memory_mb,
            orc.DISK_GB: self._get_reserved_host_disk_gb_from_config(),
        }
        inventory = {
            kind: {
                "total": total,
                "min_unit": 1,
                "max_unit": total,
                "step_size": 1,
                "allocation_ratio": ratios[kind],
                "reserved": reserved[kind],
            }
            for kind, total in self._capacity().items()
        }
        provider_tree.update_inventory(nodename, inventory)

    def get_host_uptime(self) -> str:
        return _do(run(("uptime",))).strip()

    # Its servers.

    def list_instance_uuids(self) -> list[str]:
        return [uuid for uuid, record in self.servers.records().items() if record.host == self.host]

    def list_instances(self) -> list[str]:
        return [record.name for record in self.servers.records().values() if record.host == self.host]

    def instance_exists(self, instance: Any) -> bool:
        return self.servers.record(instance.uuid) is not None

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        if not self.instance_exists(instance):
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        on = _do(self.servers.running(instance.uuid))
        return hardware.InstanceInfo(state=power_state.RUNNING if on else power_state.SHUTDOWN)

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        with self.servers.place(instance.uuid).console.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - CONSOLE_BYTES))
            return log.read()

    def spawn(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: str,
        allocations: Any,
        network_info: Any = None,
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        network_info = network_info or []
        try:
            with self._until_plugged(instance, network_info):
                self._plug(instance, network_info)
                self._make(instance, image_meta, injected_files, network_info)
                if power_on:
                    _do(self.servers.boot(instance.uuid))
            _do(ports.connect(self.chassis, _ports(network_info)))
        except exception.InstanceEventTimeout:
            LOG.error("no network-vif-plugged within %s s", CONF.vif_plugging_timeout, instance=instance)
            self.destroy(context, instance, network_info)
            raise exception.VirtualInterfaceCreateException() from None
        except Exception:
            LOG.exception("the server could not be made", instance=instance)
            self.destroy(context, instance, network_info)
            raise

    def _make(self, instance: Any, image_meta: Any, injected_files: Any, network_info: Any) -> None:
        # Not image_meta: it drops the properties that Nova does not know.
        tree = instance.system_metadata.get(f"image_{TREE_PROPERTY}", "")
        config_drive = _config_drive(instance, injected_files, network_info)
        boot = first_boot(instance.uuid, config_drive, _new_host_key())
        record = Record(
            host=self.host,
            name=instance.name,
            hostname=boot.hostname,
            tree=tree,
            vcpus=instance.flavor.vcpus,
            memory=instance.flavor.memory_mb,
        )
        try:
            asyncio.run(self.servers.make(instance.uuid, record, boot, config_drive))
        except LabFault as fault:
            raise exception.ImageUnacceptable(image_id=image_meta.id, reason=str(fault)) from fault

    def _plug(self, instance: Any, network_info: Any) -> None:
        _do(ports.plug(self.chassis, self._title(instance), instance.uuid, _ports(network_info)))

    def _title(self, instance: Any) -> str:
        return self.servers.place(instance.uuid).title

    def _until_plugged(self, instance: Any, network_info: Any) -> Any:
        """At the end of this context Neutron has said that the ports are up. Raises InstanceEventTimeout."""
        timeout = CONF.vif_plugging_timeout if CONF.vif_plugging_is_fatal else 0
        awaited = [vif["id"] for vif in network_info if vif.get("active", True) is False] if timeout else []
        events = [("network-vif-plugged", port) for port in awaited]
        return self.virtapi.wait_for_instance_event(instance, events, timeout=timeout, error_callback=_plugging_failed)

    def destroy(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        _do(self.servers.stop(instance.uuid))
        self.cleanup(context, instance, network_info, block_device_info, destroy_disks)

    def cleanup(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        migrate_data: Any = None,
        destroy_vifs: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        if destroy_vifs:
            self.unplug_vifs(instance, network_info)
        if destroy_disks:
            _do(self.servers.remove(instance.uuid))

    # On and off.

    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        _do(self.servers.stop(instance.uuid, timeout))
        _do(ports.silence(self._title(instance)))

    def power_on(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Boot it; ports that got lost, as with the chassis' namespace, are plugged anew."""
        if _do(self.servers.running(instance.uuid)):
            return
        self._plug(instance, network_info)
        _do(ports.connect(self.chassis, _ports(network_info)))
        _do(self.servers.boot(instance.uuid))

    def reboot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        reboot_type: str,
        block_device_info: Any = None,
        bad_volumes_callback: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        self.power_off(instance, CONF.shutdown_timeout if reboot_type == "SOFT" else 0)
        self.power_on(context, instance, network_info)

    def resume_state_on_host_boot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        share_info: Any = None,
        block_device_info: Any = None,
    ) -> None:
        self.power_on(context, instance, network_info)

    # Ports.

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """At the start of nova-compute, for each server: those of running ones are plugged, unless their chassis was
        made anew meanwhile."""
        self._plug(instance, network_info)
        _do(ports.connect(self.chassis, _ports(network_info)))

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        _do(ports.unplug_all(self.chassis, self._title(instance), instance.uuid))

    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Any) -> None:
        try:
            self.plug_vifs(instance, [vif])
        except exception.NovaException as error:
            raise exception.InterfaceAttachFailed(instance_uuid=instance.uuid) from error

    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        try:
            _do(ports.unplug(self.chassis, _port(vif)))
        except exception.NovaException as error:
            raise exception.InterfaceDetachFailed(instance_uuid=instance.uuid) from error

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Images are trees in hardway's cache, which Nova has no part in."""


def _do(work: Coroutine[Any, Any, T]) -> T:
    """Nova's threads are its own; each call has an event loop for as long as it takes."""
    try:
        return asyncio.run(work)
    except LabFault as fault:
        raise exception.NovaException(str(fault)) from fault


def _ports(network_info: Iterable[Any]) -> Sequence[Port]:
    return tuple(map(_port, network_info))


def _port(vif: Any) -> Port:
    return Port(id=vif["id"], mac=vif["address"], mtu=int(vif["network"].get_meta("mtu") or 1500))


def _plugging_failed(event_name: str, instance: Any) -> bool:
    raise exception.VirtualInterfaceCreateException()


def _config_drive(instance: Any, injected_files: Any, network_info: Any) -> dict[str, bytes]:
    """The config drive's files, as Nova makes them for every hypervisor."""
    described = metadata.InstanceMetadata(instance, content=injected_files, network_info=network_info)
    return {
        path: content.encode() if isinstance(content, str) else content
        for path, content in described.metadata_for_config_drive()
    }


def _new_host_key() -> HostKey:
    pair = new_key_pair()
    return HostKey("ed25519", pair.private.decode(), pair.public)
