"""Every option of every service that differs from its default, and why.

Written anew at each start, so that a box can be moved, get other ports and follow a newer version of this module.
Deliberately one place: the services' own code is changed in `inside/` only.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, TypeAlias

from hdh_infra.sandbox.openstack.layout import HOME_REGION, HOST, Box, write_private

Sections: TypeAlias = dict[str, dict[str, str]]
CODE: Final = "hdh_openstack_box"
"""The name under which the modules of `inside/` are found in OpenStack's environment."""
UNLIMITED: Final = "-1"
HOST_NAME: Final = "sandbox"
_NO_BROKER: Final = "fake:/"
"""Each service is one process, so its messages can stay in it."""


def write(box: Box, environment: Path) -> None:
    """Write all configuration files of a box; they hold passwords, so only their owner reads them."""
    service_password = box.secrets().service
    shipped = environment / "venv" / "etc"
    identity = _Identity(box, service_password)
    files: dict[str, Sections] = {
        "etc/keystone/keystone.conf": _keystone(box),
        "etc/placement/placement.conf": _placement(box, identity),
        "home/.barbican/barbican.conf": _barbican(box, identity),  # found through $HOME only
        "etc/glance/glance-api.conf": _glance(box, identity),
        "etc/neutron/neutron.conf": _neutron(box, identity),
        "etc/neutron/ml2_conf.ini": _ml2(),
        "etc/cinder/cinder.conf": _cinder(box, identity, shipped),
        "etc/nova/nova.conf": _nova(box, identity),
    }
    for name, sections in files.items():
        write_private(box.directory / name, render(sections))
    for service, name in (
        ("barbican", "barbican-api-paste.ini"),
        ("glance", "glance-api-paste.ini"),
        ("neutron", "api-paste.ini"),
        ("cinder", "api-paste.ini"),
        ("nova", "api-paste.ini"),
    ):
        (box.etc / service).mkdir(exist_ok=True)
        shutil.copyfile(shipped / service / name, box.etc / service / name)


def render(sections: Sections) -> str:
    """The text of a configuration file."""
    return "\n".join(
        "\n".join([f"[{title}]", *(f"{name} = {value}" for name, value in options.items())]) + "\n"
        for title, options in sections.items()
    )


def connection(box: Box, name: str) -> str:
    """The address of a database. 60 s are waited for another writer before an error."""
    return f"sqlite:///{box.database(name)}?timeout=60"


def environment_variables(box: Box, code: Path, environment: Path) -> dict[str, str]:
    """What the services find their files by."""
    return {
        "HOME": str(box.directory / "home"),
        "TMPDIR": str(box.directory / "tmp"),  # Neutron elects its first worker there
        "PATH": f"{environment / 'venv' / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(code),
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "XDG_CACHE_HOME": str(environment / "cache"),  # the scan of entry points, 0.6 s, is kept there
        "OS_KEYSTONE_CONFIG_DIR": str(box.etc / "keystone"),
        "OS_PLACEMENT_CONFIG_DIR": str(box.etc / "placement"),
        "OS_GLANCE_CONFIG_DIR": str(box.etc / "glance"),
        "OS_NOVA_CONFIG_DIR": str(box.etc / "nova"),
        "OS_NEUTRON_CONFIG_DIR": str(box.etc / "neutron"),
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2_conf.ini",
        "OS_CINDER_DISABLE_EVENTLET_PATCHING": "true",
    }


class _Identity:
    """The sections by which services prove who they are; all are one user, with the roles admin and service."""

    def __init__(self, box: Box, password: str) -> None:
        self._options = {
            "auth_type": "password",
            "auth_url": box.identity,
            "username": "service",
            "password": password,
            "project_name": "service",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            "region_name": HOME_REGION,
        }
        self._www = {"www_authenticate_uri": box.identity}

    def section(self, **more: str) -> dict[str, str]:
        """How a service calls another."""
        return {**self._options, **more}

    def tokens(self, *, strict: bool = False) -> dict[str, str]:
        """How a service checks the tokens it is called with; strict ones take another service's word for expired ones."""
        demand = {"service_token_roles": "service", "service_token_roles_required": "true"} if strict else {}
        return {**self._options, **self._www, **demand}


def _logging(box: Box, service: str) -> dict[str, str]:
    return {"log_file": str(box.log / f"{service}.log"), "use_stderr": "false"}


def _database(box: Box, name: str) -> dict[str, str]:
    return {"connection": connection(box, name), "sqlite_synchronous": "false"}


def _common(box: Box) -> Sections:
    return {
        "oslo_concurrency": {"lock_path": str(box.directory / "lock")},
        "oslo_messaging_notifications": {"driver": "noop"},
    }


def _keystone(box: Box) -> Sections:
    return {
        "DEFAULT": {
            **_logging(box, "keystone"),
            "public_endpoint": box.url("keystone"),
            "max_token_size": "512",
        },
        "database": _database(box, "keystone"),
        "token": {"provider": "fernet", "expiration": "86400"},  # longer than any deployment
        "fernet_tokens": {"key_repository": str(box.directory / "keystone/fernet-keys")},
        "fernet_receipts": {"key_repository": str(box.directory / "keystone/fernet-keys")},
        "credential": {"key_repository": str(box.directory / "keystone/credential-keys")},
        "identity": {"password_hash_rounds": "4"},  # passwords are random: a slow hash protects nothing
        "cache": {"enabled": "true", "backend": "dogpile.cache.memory"},
        "oslo_messaging_notifications": {"driver": "noop"},
    }


def _placement(box: Box, identity: _Identity) -> Sections:
    return {
        "DEFAULT": _logging(box, "placement"),
        "placement_database": _database(box, "placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": identity.tokens(),
        "oslo_concurrency": _common(box)["oslo_concurrency"],
    }


def _barbican(box: Box, identity: _Identity) -> Sections:
    return {
        "DEFAULT": {
            **_logging(box, "barbican"),
            "host_href": box.url("barbican"),
            "db_auto_create": "false",
            "transport_url": _NO_BROKER,
        },
        "database": _database(box, "barbican"),
        "queue": {"enable": "false"},  # orders are carried out before they are answered
        "secretstore": {
            "namespace": "barbican.secretstore.plugin",
            "enabled_secretstore_plugins": "store_crypto",
        },
        "crypto": {"namespace": "barbican.crypto.plugin", "enabled_crypto_plugins": "simple_crypto"},
        "simple_crypto_plugin": {"kek": box.secrets().barbican_key},
        "keystone_authtoken": identity.tokens(),
        **_common(box),
    }


def _glance(box: Box, identity: _Identity) -> Sections:
    return {
        "DEFAULT": {
            **_logging(box, "glance"),
            "bind_host": HOST,
            "bind_port": str(box.port("glance")),
            "transport_url": _NO_BROKER,
            "enabled_backends": "files:file",
            "enabled_import_methods": "[glance-direct,web-download,copy-image]",
            "worker_self_reference_url": box.url("glance"),
        },
        "database": _database(box, "glance"),
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": str(box.directory / "glance/images")},
        "os_glance_staging_store": {"filesystem_store_datadir": str(box.directory / "glance/staging")},
        "os_glance_tasks_store": {"filesystem_store_datadir": str(box.directory / "glance/tasks")},
        "paste_deploy": {"flavor": "keystone", "config_file": str(box.etc / "glance/glance-api-paste.ini")},
        "keystone_authtoken": identity.tokens(),
        **_common(box),
    }


def _neutron(box: Box, identity: _Identity) -> Sections:
    quotas = (
        "default_quota",
        "quota_network",
        "quota_subnet",
        "quota_port",
        "quota_router",
        "quota_floatingip",
        "quota_security_group",
        "quota_security_group_rule",
        "quota_rbac_policy",
    )
    return {
        "DEFAULT": {
            **_logging(box, "neutron"),
            "state_path": str(box.directory / "neutron"),
            "transport_url": _NO_BROKER,
            "core_plugin": "ml2",
            "service_plugins": "router,segments,qos,trunk,port_forwarding,tag,auto_allocate",
            "auth_strategy": "keystone",
            "api_paste_config": str(box.etc / "neutron/api-paste.ini"),
            "dns_domain": "sandbox.internal.",
            "rpc_workers": "0",
            "notify_nova_on_port_status_changes": "false",  # Nova does not wait for ports here
            "notify_nova_on_port_data_changes": "false",
            "dhcp_agent_notification": "false",  # there are no agents
        },
        "database": _database(box, "neutron"),
        "keystone_authtoken": identity.tokens(),
        "nova": identity.section(),
        "placement": identity.section(),
        "quotas": dict.fromkeys(quotas, UNLIMITED),
        **_common(box),
    }


def _ml2() -> Sections:
    return {
        "ml2": {
            "type_drivers": "flat,vlan,vxlan,local",
            "tenant_network_types": "vxlan",
            "mechanism_drivers": CODE,
            # exactly one DNS driver: two of them store a port's domain twice, which ends in 409
            "extension_drivers": "port_security,dns_domain_keywords,qos",
        },
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:1000"},
        "ml2_type_vxlan": {"vni_ranges": "1:100000"},
        "securitygroup": {"enable_security_group": "true"},
    }


def _key_manager(box: Box) -> Sections:
    """Castellan on Barbican: the keys of encrypted volumes are secrets of the tenant."""
    return {
        "key_manager": {"backend": "barbican"},
        "barbican": {"barbican_endpoint": box.url("barbican"), "auth_endpoint": box.identity},
    }


def _cinder(box: Box, identity: _Identity, shipped: Path) -> Sections:
    return {
        "DEFAULT": {
            **_logging(box, "cinder"),
            "state_path": str(box.directory / "cinder"),
            "transport_url": _NO_BROKER,
            "host": HOST_NAME,
            "my_ip": HOST,
            "auth_strategy": "keystone",
            "api_paste_config": str(box.etc / "cinder/api-paste.ini"),
            "resource_query_filters_file": str(shipped / "cinder/resource_filters.json"),
            "enabled_backends": "disks",
            "glance_api_servers": box.url("glance"),
            "image_conversion_dir": str(box.directory / "tmp"),
            "report_interval": "60",
            "service_down_time": "3600",  # a laptop may have slept
            "periodic_fuzzy_delay": "0",
            "scheduler_driver_init_wait_time": "2",
        },
        "disks": {"volume_backend_name": "disks", "volume_driver": f"{CODE}.volume_driver.BoxVolumeDriver"},
        "coordination": {"backend_url": f"file://{box.directory / 'cinder/coordination'}"},
        "database": _database(box, "cinder"),
        "keystone_authtoken": identity.tokens(strict=True),
        "nova": identity.section(),
        "service_user": identity.section(send_service_user_token="true"),  # noqa: S106 - a switch, not a secret
        **_key_manager(box),
        **_common(box),
    }


def _nova(box: Box, identity: _Identity) -> Sections:
    quotas = ("instances", "cores", "ram", "key_pairs", "server_groups", "server_group_members")
    return {
        "DEFAULT": {
            **_logging(box, "nova"),
            "state_path": str(box.directory / "nova"),
            "transport_url": _NO_BROKER,
            "host": HOST_NAME,
            "my_ip": HOST,
            "compute_driver": f"{CODE}.BoxComputeDriver",
            "concurrency_backend": "threading",
            "vif_plugging_timeout": "0",
            "vif_plugging_is_fatal": "false",
            "allow_resize_to_same_host": "true",
            "service_down_time": "3600",
            "periodic_fuzzy_delay": "0",
        },
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": str(box.etc / "nova/api-paste.ini")},
        "api_database": _database(box, "nova_api"),
        "database": _database(box, "nova"),
        "scheduler": {"workers": "1", "discover_hosts_in_cells_interval": UNLIMITED},
        "conductor": {"workers": "1"},
        "quota": dict.fromkeys(quotas, UNLIMITED),
        "glance": {"api_servers": box.url("glance")},
        "keystone_authtoken": identity.tokens(strict=True),
        "placement": identity.section(),
        "neutron": identity.section(),
        "cinder": identity.section(),
        "service_user": identity.section(send_service_user_token="true"),  # noqa: S106 - a switch, not a secret
        **_key_manager(box),
        **_common(box),
    }
