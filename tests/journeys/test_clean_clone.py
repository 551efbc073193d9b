"""What a newcomer does: clones, runs one command, looks, stops it, and runs it again. Slow: it installs everything."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
FIRST_START = 300  # seconds, on two cores
LATER_START = 10

# What a shell has, and where this machine gets packages from; nothing of the program, and no environment of Python's.
KEPT = re.compile(r"HOME|LANG|USER|TMPDIR|(PIP|NPM_CONFIG|npm_config|NODE_EXTRA|SSL|REQUESTS|HTTPS?_PROXY).*")


def environment(path: str = "/usr/local/bin:/usr/bin:/bin") -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)} | {"PATH": path}


def clone(to: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(to)], check=True)
    return to


class MakeRun:
    """`make run` in a terminal of its own: what Ctrl-C reaches there is its process group."""

    def __init__(self, tree: Path, port: int, **more: str) -> None:
        self.began = time.monotonic()
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=tree,
            env=environment() | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def until_it_says(self, words: str, within: float) -> float:
        """Seconds since it was started."""
        while words not in self.said:
            assert self.process.poll() is None, f"it ended:\n{self.said}"
            assert time.monotonic() - self.began < within, f"not within {within} seconds:\n{self.said}"
            time.sleep(0.05)
        return time.monotonic() - self.began

    def of_its_session(self) -> list[str]:
        """What still runs of what it started."""
        listed = subprocess.run(["ps", "-eo", "sid=,stat=,args="], capture_output=True, text=True, check=True).stdout
        return [
            line
            for line in listed.splitlines()
            if line.split()[0] == str(self.process.pid) and not line.split()[1].startswith("Z")
        ]

    def ctrl_c(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=20)
        self.reader.join(10)


def those_within(folder: Path) -> list[str]:
    """Processes that work in a folder, whatever session they are of."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone of what is committed, in a path with a space."""
    tree = clone(tmp_path_factory.mktemp("clean clone") / "guildhall")
    yield tree
    shutil.rmtree(tree)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_command_serves_the_home_page_from_a_clean_clone(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    first = MakeRun(tree, port)
    took = first.until_it_says("/development/mail/", within=FIRST_START)
    home = httpx.get(url)
    style = re.search(r'<link[^>]+href="(/static/[^"]+\.css)"', home.text)
    assert home.status_code == 200
    assert re.search(r"<title>[^<]*Guildhall</title>", home.text)
    assert style and httpx.get(url + style[1]).status_code == 200
    assert httpx.get(f"{url}/health/").text == "ok\n"
    steps = re.findall(r"^  (.+) \.\.\. \d+\.\d s$", first.said, re.MULTILINE)
    assert steps == [
        "Python packages",
        "Front end, packages",
        "Front end, build",
        "Database",
        "Roles, home page and councils",
        "Demonstration content",
    ]
    assert f"Guildhall answers at {url}" in first.said
    assert re.search(r"^  \S+@\S+\.example\.org +\S", first.said, re.MULTILINE), "no sign-in was printed"

    refused = MakeRun(tree, port)
    assert refused.process.wait(timeout=20) != 0
    refused.reader.join(5)
    assert refused.lines[0:2] == [
        "",
        f"Port {port} is in use: stop what uses it, or choose another port, as in `make run PORT=8001`.",
    ]

    first.ctrl_c()
    assert first.of_its_session() == []
    assert those_within(tree) == []
    assert "Traceback" not in first.said

    second = MakeRun(tree, port)
    again = second.until_it_says("/development/mail/", within=LATER_START)
    assert httpx.get(url).status_code == 200
    second.process.terminate()  # what `kill` sends to make alone
    second.process.wait(timeout=20)
    assert those_within(tree) == []

    status = subprocess.run(["git", "status", "--porcelain"], cwd=tree, capture_output=True, text=True, check=True)
    assert status.stdout == "", "what it makes should be ignored by git"
    with capsys.disabled():
        sys.stdout.write(f"\nFrom a clean clone it answered after {took:.0f} s, the second time after {again:.1f} s.\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_without_npm_on_the_machine_the_front_end_is_built_all_the_same(tree: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        for tool in Path(folder).iterdir():
            if tool.name not in ("node", "nodejs", "npm", "npx", "corepack") and not (tools / tool.name).is_symlink():
                (tools / tool.name).symlink_to(tool)
    # With the Python packages that are there by now: they take most of the time, and are the same.
    subprocess.run(["git", "clean", "-qfdX", "--exclude=!.venv"], cwd=tree, check=True)
    assert not (tree / "node_modules").exists() and not (tree / "var").exists()
    port = free_port()

    run = MakeRun(tree, port, PATH=str(tools))
    run.until_it_says("/development/mail/", within=FIRST_START)
    home = httpx.get(f"http://127.0.0.1:{port}").text
    style = re.search(r'<link[^>]+href="(/static/[^"]+\.css)"', home)
    assert style and httpx.get(f"http://127.0.0.1:{port}{style[1]}").status_code == 200
    run.ctrl_c()

    assert "  Python packages, front-end ... " in run.said
    assert those_within(tree) == []


def pretend(folder: Path, **scripts: str) -> str:
    """A path with the machine's make, and these programs instead of the machine's."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("make", "sh", "awk", "env", "dirname"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (folder / name).symlink_to(found)
    for name, text in scripts.items():
        script = folder / name
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(0o755)
    return str(folder)


PYTHON = shutil.which("python3", path="/usr/bin:/bin") or shutil.which("python3")


@pytest.mark.slow
class TestAMachineThatLacksSomething:
    @pytest.fixture
    def bare(self, tmp_path: Path) -> Path:
        return clone(tmp_path / "guildhall")

    def refused(self, tree: Path, path: str) -> str:
        """The sentence; after making sure that nothing is left behind."""
        done = subprocess.run(
            ["make", "run", f"PORT={free_port()}"],
            cwd=tree,
            env=environment(path),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode != 0
        status = ["git", "status", "--porcelain", "--ignored"]
        left = subprocess.run(status, cwd=tree, capture_output=True, text=True, check=True).stdout
        assert left == ""
        words = [line for line in done.stderr.splitlines() if line and not line.startswith("make")]
        assert len(words) == 1, done.stderr
        return words[0]

    def test_no_python(self, bare: Path, tmp_path: Path) -> None:
        assert self.refused(bare, pretend(tmp_path / "bin")) == (
            "Guildhall needs Python 3.11 or newer, and there is no python3 here."
        )

    def test_a_python_too_old(self, bare: Path, tmp_path: Path) -> None:
        # The machine's own, made to believe that it is of 2020.
        old = f"""exec {PYTHON} -c 'import sys, runpy
sys.version_info = (3, 9, 2); sys.argv = sys.argv[1:]; sys.path.insert(0, "deploy")
runpy.run_path(sys.argv[0], run_name="__main__")' "$@" """

        assert self.refused(bare, pretend(tmp_path / "bin", python3=old)) == (
            "Guildhall needs Python 3.11 or newer, and the newest one here is 3.9."
        )

    def test_no_venv_module(self, bare: Path, tmp_path: Path) -> None:
        without = f"""if [ "$1" = -c ]; then exit 1; fi
exec {PYTHON} -c 'import sys, runpy
sys.executable = "{tmp_path}/bin/python3"; sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")' "$@" """

        assert self.refused(bare, pretend(tmp_path / "bin", python3=without)).startswith(
            "This Python cannot make virtual environments: install its venv module"
        )

    def test_a_failing_installation_leaves_no_environment(self, bare: Path) -> None:
        (bare / "deploy" / "constraints.txt").write_text("Django==0.0.1\n")
        subprocess.run(["git", "update-index", "--assume-unchanged", "deploy/constraints.txt"], cwd=bare, check=True)
        done = subprocess.run(
            ["make", "run", f"PORT={free_port()}"],
            cwd=bare,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

        assert done.returncode != 0
        assert "The Python packages could not be installed; the lines above say why." in done.stderr
        assert not (bare / ".venv").exists()

    def test_an_interruption_leaves_no_environment_and_no_process(self, bare: Path) -> None:
        run = MakeRun(bare, free_port())
        while not (bare / ".venv" / "bin" / "python").exists():
            assert run.process.poll() is None, run.said
            time.sleep(0.05)
        time.sleep(1)

        run.ctrl_c()

        assert not (bare / ".venv").exists()
        assert those_within(bare) == []
        assert "Stopped." in run.said
