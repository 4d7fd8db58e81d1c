"""Makes oslo.db's SQLite hold under many threads; it changes no query.

A plain BEGIN takes no lock: a transaction that reads, and then writes while another one has written, fails at once
with "database is locked", whatever the timeout. oslo.db knows which transactions will write, so those take the
lock at their start and wait for it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy
import sqlalchemy.event
from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import pool
from sqlalchemy.engine import Connection, Engine

_MARK = "hdh_writer"


def install() -> None:
    """Change oslo.db in this process; before any engine is made."""
    _lock_when_writing()
    _keep_connections()


def _lock_when_writing() -> None:
    factory = enginefacade._TransactionFactory  # noqa: SLF001 - oslo.db has no public place for it
    session, connection = factory._create_session, factory._create_connection  # noqa: SLF001 - as above

    def create_session(self: Any, mode: Any, bind: Any = None) -> Any:
        return session(self, mode, _writer(self, mode) if bind is None else bind)

    def create_connection(self: Any, mode: Any) -> Any:
        writer = _writer(self, mode)
        return connection(self, mode) if writer is None else writer.connect()

    factory._create_session = create_session  # noqa: SLF001 - as above
    factory._create_connection = create_connection  # noqa: SLF001 - as above

    @sqlalchemy.event.listens_for(Engine, "before_cursor_execute", retval=True)
    def begin(
        conn: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        if statement == "BEGIN" and conn.get_execution_options().get(_MARK):
            statement = "BEGIN IMMEDIATE"
        return statement, parameters


def _writer(factory: Any, mode: Any) -> Any:
    """The factory's engine with the mark of writers; None for readers and other databases."""
    if not factory._started:  # noqa: SLF001 - as above
        factory._start()  # noqa: SLF001 - as above
    engine = factory._writer_engine  # noqa: SLF001 - as above
    if mode is not enginefacade._WRITER or engine.dialect.name != "sqlite":  # noqa: SLF001 - as above
        return None
    marked = getattr(engine, _MARK, None)
    if marked is None:
        marked = engine.execution_options(**{_MARK: True})
        setattr(engine, _MARK, marked)
    return marked


def _keep_connections() -> None:
    """oslo.db opens the file anew for each transaction; a pool makes a server's creation twice as fast."""
    real = sqlalchemy.create_engine

    def create_engine(url: Any, **options: Any) -> Engine:
        if str(url).startswith("sqlite:////") and options.get("poolclass") is pool.NullPool:
            options.update(poolclass=pool.QueuePool, pool_size=30, max_overflow=200)
        return real(url, **options)

    sqlalchemy.create_engine = create_engine
