"""How each OpenStack service starts inside a process of its own; HTTP is served by threads of waitress.

One process a service, because each parses the one global configuration object for itself. The parts of Nova and of
Cinder (API, scheduler, conductor, compute, volume) share a process, so that no message broker is needed.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
import threading
from collections.abc import Callable
from typing import Any

_HOST = "127.0.0.1"
_THREADS = 8
_LARGEST_UPLOAD = 1 << 40
_kept: list[Any] = []
"""Services of Nova and Cinder must not be collected while their threads work."""


class WithoutEventlet:
    """An import hook: services that run on threads refuse to start where eventlet has been imported."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        """Refuse eventlet, have no answer to the rest."""
        if name.partition(".")[0] == "eventlet":
            raise ImportError("eventlet is barred in this process")


def allow_eventlet() -> None:
    """Cinder and Neutron import it for names only; without its patches that is harmless."""
    sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, WithoutEventlet)]


def serve(application: Any, port: int, threads: int = _THREADS) -> None:
    """Answer HTTP in the background, on this machine only."""
    import waitress

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = waitress.create_server(
        application,
        host=_HOST,
        port=port,
        threads=threads,
        ident="",
        backlog=256,
        connection_limit=500,
        channel_timeout=300,
        max_request_body_size=_LARGEST_UPLOAD,
        clear_untrusted_proxy_headers=True,
        expose_tracebacks=False,
    )
    threading.Thread(target=server.run, daemon=True, name=f"http-{port}").start()


def keystone(port: int) -> None:
    """Identity."""
    sys.argv = ["keystone-api"]
    from keystone.server import wsgi

    serve(wsgi.initialize_public_application(), port)


def placement(port: int) -> None:
    """Placement."""
    sys.argv = ["placement-api"]
    from placement import wsgi

    serve(wsgi.init_application(), port)


def barbican(port: int) -> None:
    """Key manager. Its own entry point reads its pipeline from /etc only, so the shipped one is loaded by path."""
    sys.argv = ["barbican-api"]
    from paste import deploy

    box = os.path.dirname(os.environ["HOME"])  # noqa: PTH120 - a string, as paste wants it
    # Its sessions are its own and not oslo.db's writers: two first uses of a project at once lock each other out.
    serve(deploy.loadapp(f"config:{box}/etc/barbican/barbican-api-paste.ini"), port, threads=1)


def glance(port: int) -> None:
    """Images."""
    sys.argv = ["glance-api"]
    from glance.common import wsgi_app

    serve(wsgi_app.init_app(), port)


def neutron(port: int) -> None:
    """Networks."""
    allow_eventlet()
    sys.argv = ["neutron-api"]
    from neutron import policy, server
    from neutron.server import api

    application = server.boot_server(api.api_server, prog="neutron-api")
    # Made at the first request otherwise, and seen half made, which refuses, by a second one at the same time.
    policy.init()
    serve(application, port)


def cinder(port: int) -> None:
    """Volumes: API, scheduler and volume service."""
    box = os.path.dirname(os.environ["HOME"])  # noqa: PTH120 - a string for a command line
    sys.argv = ["cinder-api", "--config-file", f"{box}/etc/cinder/cinder.conf"]
    allow_eventlet()
    from cinder import monkey_patch

    _use_threads(monkey_patch)
    from cinder.cmd import volume as _  # noqa: F401 - it registers options that the command line needs
    from cinder.wsgi import wsgi

    application = wsgi.initialize_application()
    from cinder import policy, service
    from oslo_config import cfg

    from . import volume_driver

    volume_driver.install()
    policy.init()  # as for networks
    backend = cfg.CONF.enabled_backends[0]
    # the volume service first: the scheduler waits for what it can do
    host = f"{cfg.CONF.host}@{backend}"
    _run(service.Service.create(host=host, service_name=backend, binary="cinder-volume", coordination=True))
    _run(service.Service.create(binary="cinder-scheduler"))
    serve(application, port)


def nova(port: int) -> None:
    """Servers: API, conductor, scheduler and compute."""
    sys.argv = ["nova-api"]
    from nova import monkey_patch

    _use_threads(monkey_patch)
    from nova.api.openstack import wsgi_app

    application = wsgi_app.init_application("osapi_compute", "nova-api-os-compute")
    import nova.conf
    import os_brick
    import os_vif
    from nova import context, objects, service, utils
    from nova.compute import rpcapi as compute
    from nova.conductor import rpcapi as conductor
    from nova.objects import host_mapping
    from nova.scheduler import rpcapi as scheduler
    from oslo_privsep import priv_context
    from oslo_service import opts

    from . import compute_driver

    opts.register_service_opts(nova.conf.CONF)
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    os_brick.setup(nova.conf.CONF)
    os_vif.initialize()
    objects.Service.enable_min_version_cache()
    serve(application, port, threads=_THREADS + 2)
    # drivers are looked up under nova.virt only
    sys.modules[f"nova.virt.{__package__}"] = compute_driver
    compute_driver.write_node_id()
    _run(service.Service.create(binary="nova-conductor", topic=conductor.RPC_TOPIC))
    _run(service.Service.create(binary="nova-scheduler", topic=scheduler.RPC_TOPIC))
    topics = {"topic": compute.RPC_TOPIC, "topic_alt": compute.RPC_TOPIC_ALT}
    _run(service.Service.create(binary="nova-compute", **topics))
    host_mapping.discover_hosts(context.get_admin_context())


def _run(service: Any) -> None:
    service.start()
    _kept.append(service)


def _use_threads(monkey_patch: Any) -> None:
    """Choose threads without the search for eventlet and the backend, both of which the supervisor has settled."""
    import oslo_service.backend

    monkey_patch.poison_eventlet = lambda: None
    oslo_service.backend.init_backend = lambda *_arguments, **_named: None
    monkey_patch.patch(backend="threading")


STARTERS: dict[str, Callable[[int], None]] = {
    "keystone": keystone,
    "placement": placement,
    "barbican": barbican,
    "glance": glance,
    "neutron": neutron,
    "cinder": cinder,
    "nova": nova,
}
