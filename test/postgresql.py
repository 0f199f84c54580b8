"""PostgreSQL for the Python tests: a private server for the whole run, a database for each roomd, and a look into it like sqlite3's."""
import atexit
import contextlib
import functools
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from with_postgresql import FAST, Cluster, programs  # noqa: E402

CHOSEN = os.environ.get("DATABASE", "sqlite") == "postgresql"
numbers = itertools.count(1)


@functools.cache
def cluster():
    assert programs(), "there is no initdb: apt install postgresql"
    made = Cluster()
    atexit.register(made.close)
    return made


def fresh_database(name=None, on=None):
    """The address of an empty database, as DATABASE_URL wants it."""
    name, server = name or f"t{next(numbers)}", (on or cluster()).url
    psql(server + "/postgres", f"CREATE DATABASE {name}")
    return f"{server}/{name}"


def command(url):
    return [shutil.which("psql") or os.path.join(programs(), "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url]


def psql(url, sql):
    done = subprocess.run(command(url), input=sql + ";\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{sql[:2000]}: {done.stderr}"
    return done.stdout


@contextlib.contextmanager
def turn_held(url):
    """The lock that every change begins with (src/db/postgres.c)."""
    with subprocess.Popen(command(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        holder.stdin.write("BEGIN; SELECT pg_advisory_xact_lock(4715); SELECT 'held';\n")
        holder.stdin.flush()
        while "held" not in holder.stdout.readline():
            pass
        yield
        holder.stdin.close()


def literal(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def row_of(line):
    pairs = json.loads(line, object_pairs_hook=list)  # two columns may have one name
    return tuple(int(value) if isinstance(value, bool) else value for _, value in pairs)


class Rows(list):
    def fetchone(self):
        return self[0] if self else None

    def fetchall(self):
        return list(self)


def filled(sql, parameters):
    """The statement with its values; one that reads gives rows as JSON."""
    parts = sql.split("?")
    assert len(parts) == len(parameters) + 1
    text = "".join(a + b for a, b in itertools.zip_longest(parts, map(literal, parameters), fillvalue=""))
    return f"SELECT row_to_json(q) FROM ({text}) q" if text.upper().startswith("SELECT") else text


class Connection:
    """Each statement for itself; parameters are ? as in sqlite3."""

    def __init__(self, url):
        self.url = url

    def execute(self, sql, parameters=()):
        return Rows(row_of(line) for line in psql(self.url, filled(sql, parameters)).splitlines())


class Look:
    """Reads again and again over one connection, and over a new one when the server has ended that."""

    def __init__(self, url):
        self.url, self.process = url, None

    def execute(self, sql, parameters=(), tries=200):
        text = filled(sql, parameters)
        while (lines := self.asked(text)) is None:
            tries -= 1
            assert tries, f"PostgreSQL does not answer: {text}"
            time.sleep(0.05)  # it starts again
        return Rows(map(row_of, lines))

    def asked(self, text):
        """Lines, or None: there is no connection any more."""
        if not self.process:
            self.process = subprocess.Popen(command(self.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = []
        try:
            self.process.stdin.write(text + ";\n\\echo END\n")
            self.process.stdin.flush()
            while (line := self.process.stdout.readline()) != "END\n":
                if not line:
                    raise BrokenPipeError
                lines.append(line)
            return lines
        except BrokenPipeError:
            why = self.close()
            assert "syntax error" not in why and "does not exist" not in why, (text, why)
            return None

    def close(self):
        process, self.process = self.process, None
        return process.communicate()[1] if process else ""
