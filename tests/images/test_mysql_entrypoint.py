"""The MySQL image's entrypoint, run here with a server and a client that only write down what they are given.

With the real server it runs in `make images`; here are the settings that nobody should give, and passwords that break
out of whatever quotes them badly.
"""

from __future__ import annotations

import os
import stat
import subprocess
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

MYSQLD = """\
#!/bin/sh
echo "$*" >>{folder}/argv
for argument; do
    case $argument in
    --datadir=*) data=${{argument#*=}} ;;
    --initialize-insecure) initialize=1 ;;
    esac
done
if [ "${{initialize:-}}" ]; then
    mkdir "$data/mysql" && echo system >"$data/mysql/t" && echo data >"$data/ibdata1"
    exit {initialized}
fi
case $* in *--skip-networking*) trap 'exit 0' TERM; while :; do sleep 0.05; done ;; esac
echo "running password=${{MYSQL_ROOT_PASSWORD:-}}"
"""
MYSQL = """\
#!/bin/sh
echo "mysql $*" >>{folder}/argv
case $* in *--execute*) exit 0 ;; esac
cat "${{1#*=}}" >>{folder}/options
cat >>{folder}/sql
"""
ID = "#!/bin/sh\necho 999\n"


@dataclass(frozen=True)
class Machine:
    """A data directory, and the programs around it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def start(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        script = resources.files("hardway.images.catalogue") / "mysql" / "docker-entrypoint.sh"
        text = (
            script.read_text()
            .replace("/var/lib/mysql", str(self.data))
            .replace("/docker-entry", f"{self.folder}/docker-entry")
        )
        (self.folder / "entrypoint").write_text(text)
        return subprocess.run(
            ("/bin/sh", self.folder / "entrypoint", *(command or ("mysqld",))),
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}", **settings},
            capture_output=True,
            text=True,
            timeout=30,
        )

    def written(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for folder in ("bin", "data", "docker-entrypoint-initdb.d"):
        (tmp_path / folder).mkdir()
    made = Machine(tmp_path)
    made.program("mysqld", MYSQLD.format(folder=tmp_path, initialized=0))
    made.program("mysql", MYSQL.format(folder=tmp_path))
    made.program("id", ID)
    return made


HOSTILE = """it's "100%" \\ $HOME `id` ; drop"""


def test_the_first_start_makes_the_data_directory_once(machine: Machine) -> None:
    started = machine.start(MYSQL_ROOT_PASSWORD="secret", MYSQL_DATABASE="polls", MYSQL_USER="u", MYSQL_PASSWORD="p")
    assert started.returncode == 0, started.stderr
    assert started.stdout == "running password=\n"
    assert sorted(path.name for path in machine.data.iterdir()) == ["ibdata1", "mysql"]
    sql = machine.written("sql")
    assert "CREATE USER 'root'@'%' IDENTIFIED BY 'secret';" in sql
    assert "CREATE DATABASE IF NOT EXISTS `polls`;" in sql
    assert "GRANT ALL ON `polls`.* TO 'u'@'%';" in sql
    assert sql.rstrip().endswith("ALTER USER 'root'@'localhost' IDENTIFIED BY 'secret';")
    (machine.folder / "argv").unlink()
    assert machine.start().returncode == 0
    assert machine.written("argv") == "\n"


def test_no_password_is_ever_an_argument_and_none_breaks_out_of_its_quotes(machine: Machine) -> None:
    started = machine.start(
        MYSQL_ROOT_PASSWORD=HOSTILE, MYSQL_DATABASE="a_`b", MYSQL_USER="o'brien", MYSQL_PASSWORD=HOSTILE
    )
    assert started.returncode == 0, started.stderr
    assert "100%" not in machine.written("argv")
    sql = machine.written("sql")
    quoted = """'it''s "100%" \\\\ $HOME `id` ; drop'"""
    assert f"CREATE USER 'o''brien'@'%' IDENTIFIED BY {quoted};" in sql
    assert "GRANT ALL ON `a\\_``b`.* TO 'o''brien'@'%';" in sql
    assert sql.count(quoted) == 3


def test_scripts_run_in_order_with_the_database_and_root_s_password(machine: Machine) -> None:
    scripts = machine.folder / "docker-entrypoint-initdb.d"
    (scripts / "2.sql").write_text("SELECT 2;\n")
    (scripts / "1.sh").write_text('echo "SELECT 1; -- $MYSQL_UNIX_PORT" | docker_process_sql\n')
    (scripts / "3.txt").write_text("no script")
    started = machine.start(MYSQL_ROOT_PASSWORD="a\\b", MYSQL_DATABASE="polls")
    assert started.returncode == 0, started.stderr
    one, two = machine.written("sql").splitlines()[-2:]
    assert one.startswith("SELECT 1; -- /") and two == "SELECT 2;"
    assert "3.txt is left" in started.stderr
    assert machine.written("argv").splitlines()[-2].endswith(" polls")
    assert 'password = "a\\\\b"' in machine.written("options")


def test_a_script_that_fails_leaves_no_data_directory(machine: Machine) -> None:
    (machine.folder / "docker-entrypoint-initdb.d" / "1.sh").write_text("false\n")
    assert machine.start(MYSQL_ROOT_PASSWORD="x").returncode != 0
    assert not (machine.data / "mysql").exists()
    (machine.folder / "docker-entrypoint-initdb.d" / "1.sh").unlink()
    assert machine.start(MYSQL_ROOT_PASSWORD="x").returncode == 0
    assert (machine.data / "mysql").is_dir()


def test_a_first_start_that_is_told_to_end_ends_and_leaves_no_server(machine: Machine) -> None:
    pids = machine.folder / "pids"
    machine.program(
        "mysqld", f"#!/bin/sh\necho $$ >>{pids}\n" + MYSQLD.format(folder=machine.folder, initialized=0)[10:]
    )
    (machine.folder / "docker-entrypoint-initdb.d" / "1.sh").write_text("kill $$; sleep 1\n")
    assert machine.start(MYSQL_ROOT_PASSWORD="x").returncode == 143
    assert not (machine.data / "mysql").exists()
    for pid in pids.read_text().split():
        wait_for_end(int(pid))


def wait_for_end(pid: int) -> None:
    """Raises AssertionError where a process goes on."""
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} goes on")


def test_a_move_that_was_cut_off_is_done_anew(machine: Machine) -> None:
    (machine.data / ".moving").touch()
    (machine.data / "ibdata1").write_text("of the move that was cut off")
    assert machine.start(MYSQL_ROOT_PASSWORD="x").returncode == 0
    assert (machine.data / "ibdata1").read_text() == "data\n"


def test_data_without_its_system_tables_is_left_alone(machine: Machine) -> None:
    (machine.data / "ibdata1").write_text("somebody's")
    started = machine.start(MYSQL_ROOT_PASSWORD="x")
    assert started.returncode == 1
    assert "give it an empty volume" in started.stderr
    assert (machine.data / "ibdata1").read_text() == "somebody's"


REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "no password for root is given"),
    ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "u"}, "MYSQL_PASSWORD is not"),
    ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_PASSWORD": "p"}, "MYSQL_USER is not"),
    ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "root", "MYSQL_PASSWORD": "p"}, "root is there already"),
    ({"MYSQL_ROOT_PASSWORD": "x", "MYSQL_ROOT_PASSWORD_FILE": "/etc/hostname"}, "keep one"),
    ({"MYSQL_ROOT_PASSWORD_FILE": "/there/is/none"}, "cannot be read"),
]


@pytest.mark.parametrize(("settings", "told"), REFUSED)
def test_settings_that_cannot_be_are_refused_before_anything_is_made(
    machine: Machine, settings: dict[str, str], told: str
) -> None:
    started = machine.start(**settings)
    assert started.returncode == 1
    assert told in started.stderr
    assert not list(machine.data.iterdir())


def test_a_password_may_be_in_a_file_empty_or_random(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("of a file\n")
    (tmp_path / "password").chmod(stat.S_IRUSR)
    assert machine.start(MYSQL_ROOT_PASSWORD_FILE=str(tmp_path / "password")).returncode == 0
    assert "IDENTIFIED BY 'of a file'" in machine.written("sql")


@pytest.mark.parametrize("setting", ["MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"])
def test_root_may_go_without_a_password_of_yours(machine: Machine, setting: str) -> None:
    started = machine.start(**{setting: "yes"})
    assert started.returncode == 0, started.stderr
    assert ("IDENTIFIED BY ''" in machine.written("sql")) == (setting == "MYSQL_ALLOW_EMPTY_PASSWORD")


def test_what_is_not_the_server_is_just_run(machine: Machine) -> None:
    assert machine.start("echo", "hello").stdout == "hello\n"
    assert machine.start("mysqld", "--version").returncode == 0
    assert not list(machine.data.iterdir())


def test_options_alone_are_the_server_s(machine: Machine) -> None:
    assert machine.start("--max-connections=7", MYSQL_ALLOW_EMPTY_PASSWORD="yes").returncode == 0
    assert machine.written("argv").splitlines()[-1] == "--max-connections=7"
