"""PostgreSQL for the Python tests: a private server for the whole run, a database for each roomd, and a look into it like sqlite3's."""
import atexit
import functools
import itertools
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from with_postgresql import Cluster, programs  # noqa: E402

CHOSEN = os.environ.get("DATABASE", "sqlite") == "postgresql"
numbers = itertools.count(1)


@functools.cache
def cluster():
    assert programs(), "there is no initdb: apt install postgresql"
    made = Cluster()
    atexit.register(made.close)
    return made


def fresh_database(name=None):
    """The address of an empty database, as DATABASE_URL wants it."""
    name = name or f"t{next(numbers)}"
    psql(cluster().url + "/postgres", f"CREATE DATABASE {name}")
    return f"{cluster().url}/{name}"


def psql(url, sql):
    done = subprocess.run([shutil.which("psql") or os.path.join(programs(), "psql"), "-X", "-q", "-A", "-t", "-F", "\x1f", "-P", "null=\x1e", "-v", "ON_ERROR_STOP=1", url, "-c", sql],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{sql}: {done.stderr}"
    return done.stdout


def literal(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def column(text):
    if text in ("\x1e", "t", "f"):
        return {"\x1e": None, "t": 1, "f": 0}[text]
    return int(text) if text.lstrip("-").isdigit() else text


class Rows(list):
    def fetchone(self):
        return self[0] if self else None

    def fetchall(self):
        return list(self)


class Connection:
    """Each statement for itself; parameters are ? as in sqlite3."""

    def __init__(self, url):
        self.url = url

    def execute(self, sql, parameters=()):
        parts = sql.split("?")
        assert len(parts) == len(parameters) + 1
        text = "".join(a + b for a, b in itertools.zip_longest(parts, map(literal, parameters), fillvalue=""))
        return Rows(tuple(map(column, line.split("\x1f"))) for line in psql(self.url, text).splitlines())
