"""Makes Neutron's database: its migrations cannot run on SQLite, so the tables come from its models.

The one set of rows that a migration inserts, the rules that a default security group starts with, is inserted from
that migration's own list. `python -m hdh_openstack_box.schemas URL`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import neutron.db.migration
import sqlalchemy as sa
from neutron.db.migration.models import head  # noqa: F401 - it registers all models
from neutron_lib.db import model_base

_DEFAULT_RULES = "2023.2/expand/c33da356b165_security_group_default_rules.py"


def make(url: str) -> None:
    """Make all tables, the default rules and the mark that all migrations have run."""
    versions = Path(neutron.db.migration.__file__).parent / "alembic_migrations" / "versions"
    metadata = model_base.BASEV2.metadata
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    rules = _module(versions / _DEFAULT_RULES)
    attributes, table = metadata.tables["standardattributes"], metadata.tables[rules.table_name]
    with engine.begin() as connection:
        for rule in rules.default_template_rules:
            rest = {name: value for name, value in rule.items() if name != "description"}
            common = sa.insert(attributes).values(resource_type=rules.table_name, description=rule["description"])
            key = connection.execute(common).inserted_primary_key
            connection.execute(sa.insert(table).values(standard_attr_id=key[0], **rest))
        connection.execute(sa.text("create table alembic_version (version_num varchar(32) not null primary key)"))
        for name in ("EXPAND_HEAD", "CONTRACT_HEAD"):
            version = (versions / name).read_text().strip()
            connection.execute(sa.text("insert into alembic_version values (:version)"), {"version": version})


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("hdh_default_rules", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    make(sys.argv[1])
