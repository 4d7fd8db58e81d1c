"""Gives the users of a box made from the seed this box's own passwords, in Keystone's database.

`python -m hdh_openstack_box.rekey DATABASE` reads `{user: password}` from its input: passwords are never arguments.
"""

from __future__ import annotations

import json
import sqlite3
import sys

import bcrypt

_ROUNDS = 4
"""As in Keystone's settings here: the passwords are random, so a slow hash protects nothing."""
_STATEMENT = """
    update password set password_hash = ? where local_user_id =
    (select id from local_user where name = ? and domain_id = 'default')
"""


def rekey(database: str, passwords: dict[str, str]) -> None:
    """Replace the hashes; each user must exist."""
    connection = sqlite3.connect(database)
    with connection:
        for user, password in passwords.items():
            hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode()
            if connection.execute(_STATEMENT, (hashed, user)).rowcount != 1:
                raise LookupError(user)
    connection.close()


if __name__ == "__main__":
    rekey(sys.argv[1], json.load(sys.stdin))
