"""glance-api.conf: images, in files of the cloud's directory. Pure."""

from __future__ import annotations

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import Settings

STORE = "files"


def glance(settings: Settings) -> Sections:
    data = settings.data("glance")
    return {
        "DEFAULT": {
            "use_stderr": True,
            "enabled_backends": f"{STORE}:file",
            "enabled_import_methods": "[]",
            # Glance refuses to start without it: where another worker would find what this one has staged.
            "worker_self_reference_url": settings.record.url("glance"),
        },
        "database": settings.database("glance"),
        "glance_store": {"default_backend": STORE},
        STORE: {"filesystem_store_datadir": data / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": data / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": data / "tasks"},
        "paste_deploy": {"flavor": "keystone", "config_file": settings.venv / "etc/glance/glance-api-paste.ini"},
        "keystone_authtoken": settings.middleware("glance"),
        **settings.locks("glance"),
    }
