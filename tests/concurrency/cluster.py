"""A PostgreSQL server of a test's own: restarted, dropped and restored without touching anybody else's."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from campaigns.demo.premises import free_port

TEMPLATE, DATABASE = "template_outreach", "outreach"


def binaries() -> Path | None:
    """The newest server's folder, wherever Debian or the path has one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


class Cluster:
    """One server in a folder of its own. The server refuses to run as root, so then it runs as `postgres`."""

    def __init__(self, folder: Path, bin: Path) -> None:
        self.folder, self.bin, self.port = folder, bin, free_port()
        self.data = folder / "data"

    def run(self, tool: str, *options: str) -> str:
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        done = subprocess.run(
            [*as_user, str(self.bin / tool), *options],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres"},
            timeout=120,
        )
        assert done.returncode == 0, f"{tool} {options}: {done.stdout}{done.stderr}"
        return done.stdout

    def found(self) -> None:
        """Durability against a crash of the machine is given up for speed; that of a commit is not."""
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        lines = (f"port={self.port}", "listen_addresses='127.0.0.1'", f"unix_socket_directories='{self.folder}'")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join((*lines, "fsync=off", "synchronous_commit=on", "max_connections=60", "")))
        self.start()

    def start(self) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "start")

    def stop(self, how: str) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-m", how, "-w", "stop")

    def restart(self, how: str) -> None:
        """`immediate` is a crash with recovery, `fast` breaks off every transaction."""
        self.stop(how)
        self.start()

    def dump(self, path: Path) -> None:
        self.run("pg_dump", "-Fc", "-f", str(path), DATABASE)

    def restore(self, path: Path) -> None:
        """What an operator would do; in one transaction, so that nobody ever sees half of it."""
        self.run("dropdb", "--force", DATABASE)
        self.run("createdb", DATABASE)
        self.run("pg_restore", "--single-transaction", "-d", DATABASE, str(path))


@pytest.fixture(scope="session")
def cluster(django_db_setup, django_db_blocker) -> Iterator[Cluster]:
    """A server with an empty Outreach as its template."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL")
    if (bin := binaries()) is None:
        pytest.skip("needs a PostgreSQL server's programs (initdb, pg_ctl) on this machine")
    if os.getuid() == 0 and not (shutil.which("runuser") and Path("/etc/passwd").read_text().count("postgres:")):
        pytest.skip("a PostgreSQL server does not run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="outreach-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Cluster(folder, bin)
    try:
        server.found()
        server.run("createdb", TEMPLATE)
        with django_db_blocker.unblock(), connected_to(server, TEMPLATE):
            call_command("migrate", verbosity=0)
        yield server
        server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def connected_to(server: Cluster, name: str) -> Iterator[None]:
    """This process works with that database instead of its own."""
    here = connection.settings_dict
    before = dict(here)
    connection.close()
    here.update(HOST="127.0.0.1", PORT=str(server.port), NAME=name, USER="postgres", PASSWORD="")
    try:
        yield
    finally:
        connection.close()
        here.update(before)


@pytest.fixture
def own_database(cluster: Cluster, django_db_blocker) -> Iterator[Cluster]:
    """A fresh database on that server, and this process connected with it."""
    cluster.run("createdb", "-T", TEMPLATE, DATABASE)
    with django_db_blocker.unblock(), connected_to(cluster, DATABASE):
        yield cluster
    cluster.run("dropdb", "--force", DATABASE)
