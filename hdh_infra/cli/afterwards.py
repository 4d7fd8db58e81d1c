"""What follows a destruction: what the cloud leaves behind is removed, what it keeps is listed and remembered.

A cloud may keep a name for months (a soft-deleted vault), so the lock gives the element another one the next
time; and it may leave what it made of its own accord (the secret of a Barbican order), which no engine knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdh_infra.deploy.operations import Observer, Request, Result
    from hdh_infra.graph.observation import Native, Natives


def destroy_whole(request: Request, observer: Observer, *, delete_data: bool) -> Result:
    """Destroy a deployment and what its cloud leaves behind; remember in the lock what the cloud keeps.

    Raises as `deploy.destroy` does, and `CloudError` where what is left behind cannot be removed.
    """
    from hdh_infra.deploy import operations

    before = _natives(request)
    held = [*before]

    def destroy() -> Result:
        return operations.destroy(request, observer, delete_data=delete_data, found=held.extend)

    result, lines = _cleaned(request, held, destroy)
    return replace(result, remarks=(*result.remarks, *lines, *_remember(request, before)))


def up_whole(request: Request, observer: Observer) -> Result:
    """Deploy; what the cloud leaves behind of retired elements is removed. Raises as `deploy.up` does."""
    from hdh_infra.deploy import operations

    if not any(one.data == "delete" for one in request.platform.retire):
        return operations.up(request, observer)
    result, lines = _cleaned(request, _natives(request), lambda: operations.up(request, observer))
    return replace(result, remarks=(*result.remarks, *lines))


def _cleaned(request: Request, before: Iterable[Native], action: Callable[[], Result]) -> tuple[Result, list[str]]:
    """Do it, and remove the secrets of the orders that it took away, also where it failed halfway."""
    lines: list[str] = []
    try:
        result = action()
    finally:
        from hdh_infra.planning.lock import retired

        left = {native.path for native in _natives(request)}
        gone = [
            native
            for native in before
            if native.path not in left and retired(request.platform, native.element) != "keep"
        ]
        lines += [f"{path}: its secret, with the key material, was deleted" for path in _remove_secrets(request, gone)]
    return result, lines


def _natives(request: Request) -> Natives:
    from hdh_infra.cli.deployed import state_natives

    return state_natives(request)


def _remove_secrets(request: Request, before: Iterable[Native]) -> list[str]:
    from hdh_infra.live.removal import remove_generated_secrets

    return remove_generated_secrets(request.target, request.environment, before)


def _remember(request: Request, before: Natives) -> list[str]:
    from hdh_infra.clouds import of
    from hdh_infra.planning.lock import after_destroy
    from hdh_infra.planning.lock_file import write_lock

    kept = tuple(of(request.target).kept(before, request.today))
    if kept and request.lock is not None and request.lock_file is not None:
        write_lock(after_destroy(request.lock, request.target, kept), request.lock_file)
    return [
        f"kept by the cloud {f'until {one.until}' if one.until else 'for good'}: {one.what} (of {one.element}); the next deployment uses another name"
        for one in kept
    ]
