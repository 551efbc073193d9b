"""What the environment says becomes settings, or a sentence that says why not. Each reading is a process of its own."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RANDOM_KEY = "k3u9-fVq2xT7bYw0ZrLm5sNdPa8cEhGj4iQoXnB1vKtSyU6WzA"
REAL = {"GUILDHALL_SITE_URL": "https://guildhall.example.org", "GUILDHALL_SECRET_KEY": RANDOM_KEY}


def read(var: Path, names: str = "", **environment: str) -> dict[str, object]:
    """The named settings under an environment; the sentence of the refusal under the name `refused`."""
    program = (
        "import json, sys\n"
        "from django.core.exceptions import ImproperlyConfigured\n"
        "try:\n"
        "    from network import settings\n"
        "    told = {name: getattr(settings, name) for name in sys.argv[1].split()}\n"
        "except ImproperlyConfigured as error:\n"
        "    told = {'refused': str(error)}\n"
        "print(json.dumps(told, default=str))\n"
    )
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    done = subprocess.run(
        [sys.executable, "-c", program, names],
        cwd=ROOT,
        env=inherited | {"GUILDHALL_VAR": str(var)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def refusal(var: Path, **environment: str) -> str:
    return str(read(var, **environment).get("refused", ""))


def test_with_no_variable_set_it_is_the_embedded_default(tmp_path: Path) -> None:
    found = read(
        tmp_path, "SITE_URL DEMONSTRATION DEBUG DATABASES CHANNEL_LAYERS CACHES ALLOWED_HOSTS ONE_PROCESS_LOCK"
    )

    assert found["SITE_URL"] == "http://127.0.0.1:8000"
    assert (found["DEMONSTRATION"], found["DEBUG"]) == (False, False)
    assert "sqlite3" in str(found["DATABASES"]) and "IMMEDIATE" in str(found["DATABASES"])
    assert "InMemoryChannelLayer" in str(found["CHANNEL_LAYERS"]) and "LocMemCache" in str(found["CACHES"])
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "::1", "[::1]"]
    assert found["ONE_PROCESS_LOCK"] == str(tmp_path / "one-process.lock")


def test_with_two_addresses_it_is_the_real_thing(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "DATABASES CHANNEL_LAYERS CACHES ALLOWED_HOSTS ONE_PROCESS_LOCK SESSION_COOKIE_SECURE SITE_ORIGINS",
        DATABASE_URL="postgres://hub:word@db.example.org/hub",
        REDIS_URL="redis://cache.example.org:6379/3",
        **REAL,
    )

    assert "postgresql" in str(found["DATABASES"]) and "pool" in str(found["DATABASES"])
    assert "guildhall:3" in str(found["CHANNEL_LAYERS"]) and "RedisCache" in str(found["CACHES"])
    assert found["ALLOWED_HOSTS"] == ["guildhall.example.org"]
    assert found["ONE_PROCESS_LOCK"] is None
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["SITE_ORIGINS"] == ["https://guildhall.example.org"]


def test_on_this_machine_a_socket_may_be_opened_from_either_of_its_names(tmp_path: Path) -> None:
    found = read(tmp_path, "SITE_ORIGINS", GUILDHALL_SITE_URL="http://127.0.0.1:8105")

    assert found["SITE_ORIGINS"] == ["http://127.0.0.1:8105", "http://localhost:8105", "http://[::1]:8105"]


@pytest.mark.parametrize("address", ["https://guildhall.example.org", "http://192.0.2.7:8000", "http://0.0.0.0:8000"])
def test_the_demonstration_refuses_any_address_but_the_loopback(tmp_path: Path, address: str) -> None:
    told = refusal(tmp_path, GUILDHALL_DEMONSTRATION="1", GUILDHALL_SITE_URL=address)

    assert "works on this machine's own address only" in told
    assert address in told


@pytest.mark.parametrize("address", ["http://127.0.0.1:8105", "http://localhost:8000", "http://[::1]:8000"])
def test_the_demonstration_works_on_the_loopback(tmp_path: Path, address: str) -> None:
    assert read(tmp_path, "DEMONSTRATION", GUILDHALL_DEMONSTRATION="1", GUILDHALL_SITE_URL=address)["DEMONSTRATION"]


def test_the_demonstration_takes_no_other_host_names(tmp_path: Path) -> None:
    found = read(tmp_path, "ALLOWED_HOSTS", GUILDHALL_DEMONSTRATION="1", GUILDHALL_OTHER_HOSTS="guildhall.example.org")

    assert "guildhall.example.org" not in str(found["ALLOWED_HOSTS"])


def test_debugging_is_refused_on_a_real_address(tmp_path: Path) -> None:
    assert "GUILDHALL_DEBUG shows" in refusal(tmp_path, GUILDHALL_DEBUG="1", **REAL)


@pytest.mark.parametrize("key", ["secret", "x" * 80, "django-insecure-" + RANDOM_KEY, "change-me-" + RANDOM_KEY])
def test_a_known_or_short_secret_is_refused_outside_the_demonstration(tmp_path: Path, key: str) -> None:
    told = refusal(tmp_path, **REAL | {"GUILDHALL_SECRET_KEY": key})

    assert told.startswith("GUILDHALL_SECRET_KEY is too short or is a published example.")
    assert key not in told


def test_no_secret_of_the_tests_or_the_example_is_taken_for_a_real_one(tmp_path: Path) -> None:
    example = re.search(r"^#?\s*GUILDHALL_SECRET_KEY=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert example
    assert not example[1] or refusal(tmp_path, **REAL | {"GUILDHALL_SECRET_KEY": example[1]})


def test_without_a_secret_one_is_made_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path, "SECRET_KEY"), read(tmp_path, "SECRET_KEY")

    assert first == second
    assert len(str(first["SECRET_KEY"])) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["encryption-key", "secret-key"]


def test_without_an_encryption_key_one_is_made_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path, "ENCRYPTION_KEYS"), read(tmp_path, "ENCRYPTION_KEYS")

    assert first == second
    assert first["ENCRYPTION_KEYS"] == [(tmp_path / "encryption-key").read_text()]
    assert (tmp_path / "encryption-key").stat().st_mode & 0o777 == 0o600


def test_of_several_encryption_keys_the_first_is_the_new_one(tmp_path: Path) -> None:
    new, old = "A" * 43 + "=", "B" * 42 + "A="
    found = read(tmp_path, "ENCRYPTION_KEYS", GUILDHALL_ENCRYPTION_KEY=f"{new}, {old}")

    assert found["ENCRYPTION_KEYS"] == [new, old]
    assert not (tmp_path / "encryption-key").exists()


def test_an_encryption_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = refusal(tmp_path, GUILDHALL_ENCRYPTION_KEY="my-password")

    assert told.startswith("GUILDHALL_ENCRYPTION_KEY must be 32 random bytes")
    assert "my-password" not in told


@pytest.mark.parametrize("given", ["0", "-1", "soon", "1.5"])
def test_a_length_of_a_session_that_is_none_is_refused(tmp_path: Path, given: str) -> None:
    told = refusal(tmp_path, GUILDHALL_STAFF_SESSION_IDLE_MINUTES=given)

    assert "GUILDHALL_STAFF_SESSION_IDLE_MINUTES must be a whole number of minutes" in told


@pytest.mark.parametrize("address", ["guildhall.example.org", "ftp://guildhall.example.org", "https://a.example/hub"])
def test_an_address_that_is_no_origin_is_refused(tmp_path: Path, address: str) -> None:
    assert "must be a full origin" in refusal(tmp_path, GUILDHALL_SITE_URL=address)


def test_a_database_that_the_site_does_not_know_is_refused(tmp_path: Path) -> None:
    assert "must name PostgreSQL" in refusal(tmp_path, DATABASE_URL="mysql://root@127.0.0.1/hub")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://mail.example.org", ["mail.example.org", 25, "", False, False]),
        ("smtp+tls://hub:w%40rd@mail.example.org:587", ["mail.example.org", 587, "hub", True, False]),
        ("smtps://mail.example.org", ["mail.example.org", 465, "", False, True]),
    ],
)
def test_a_mail_address_says_all_about_the_mail_server(tmp_path: Path, address: str, expected: list[object]) -> None:
    names = "EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER EMAIL_USE_TLS EMAIL_USE_SSL EMAIL_HOST_PASSWORD EMAIL_BACKEND"
    found = read(tmp_path, names, GUILDHALL_MAIL_URL=address)

    assert list(found.values())[:5] == expected
    assert found["EMAIL_HOST_PASSWORD"] == ("w@rd" if "w%40rd" in address else "")
    assert "smtp" in str(found["EMAIL_BACKEND"])


def test_mail_by_anything_else_is_refused(tmp_path: Path) -> None:
    assert "GUILDHALL_MAIL_URL" in refusal(tmp_path, GUILDHALL_MAIL_URL="pigeon://roof")


KEY = "a key-00000000-0000-4000-8000-000000000001-00000000-0000-4000-8000-000000000002"
NOTIFY = {"GUILDHALL_NOTIFY_API_KEY": KEY, "GUILDHALL_NOTIFY_TEMPLATE": "00000000-0000-4000-8000-000000000003"}


def test_notify_takes_mail_instead_of_a_mail_server(tmp_path: Path) -> None:
    names = "EMAIL_BACKEND NOTIFY_API_KEY NOTIFY_TEMPLATE NOTIFY_ADDRESS"
    found = read(tmp_path, names, **NOTIFY)

    assert list(found.values()) == [
        "network.delivery.notify.EmailBackend",
        KEY,
        "00000000-0000-4000-8000-000000000003",
        "https://api.notifications.service.gov.uk",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"GUILDHALL_MAIL_URL": "smtp://mail.example.org"}, "not both"),
        ({"GUILDHALL_NOTIFY_API_KEY": "half-a-key"}, "not a whole key"),
        ({"GUILDHALL_NOTIFY_TEMPLATE": ""}, "GUILDHALL_NOTIFY_TEMPLATE"),
        ({"GUILDHALL_NOTIFY_CALLBACK_TOKEN": "short"}, "at least 20"),
        ({"GUILDHALL_MAIL_PER_HOUR": "many"}, "GUILDHALL_MAIL_PER_HOUR"),
    ],
)
def test_what_notify_could_not_work_with_is_refused(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    assert said in refusal(tmp_path, **(NOTIFY | changed))


def test_mail_has_a_most_in_an_hour(tmp_path: Path) -> None:
    assert read(tmp_path, "MAIL_PER_HOUR") == {"MAIL_PER_HOUR": 0}
    assert read(tmp_path, "MAIL_PER_HOUR", GUILDHALL_MAIL_PER_HOUR="500") == {"MAIL_PER_HOUR": 500}


@pytest.mark.parametrize("address", ["unix:///run/clamav/clamd.ctl", "tcp://127.0.0.1:3310", "tcp://scanner"])
def test_a_malware_scanner_has_a_socket(tmp_path: Path, address: str) -> None:
    assert read(tmp_path, "CLAMD", GUILDHALL_CLAMD=address)["CLAMD"] == address


@pytest.mark.parametrize("address", ["/run/clamav/clamd.ctl", "unix://clamd.ctl", "tcp://", "http://127.0.0.1:3310"])
def test_what_is_no_socket_is_refused(tmp_path: Path, address: str) -> None:
    assert "GUILDHALL_CLAMD must be unix://" in refusal(tmp_path, GUILDHALL_CLAMD=address)


READERS = ("text", "switch", "duration")


def variables_read() -> set[str]:
    """The literal names that settings.py gives to its readers of the environment."""
    tree = ast.parse((ROOT / "network" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    names = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in READERS]
    return {name.value for name in names if isinstance(name, ast.Constant)}


def test_the_example_describes_every_variable_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    described = [match[1] for line in lines if (match := re.match(r"#? ?([A-Z][A-Z_]+)=", line))]

    assert set(described) == variables_read()
    assert len(described) == len(set(described))


def test_nothing_but_the_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for package in ("network", "forums", "cms")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"os\.environ|os\.getenv|environ\[", path.read_text())
    ]
    # asgi only names the settings module, as every Django project's does.
    assert sorted(readers) == ["network/asgi.py", "network/settings.py"]


def test_the_contact_address_is_given_or_missing_and_never_nonsense(tmp_path: Path) -> None:
    assert read(tmp_path, "CONTACT") == {"CONTACT": ""}
    assert read(tmp_path, "CONTACT", GUILDHALL_DEMONSTRATION="1") == {"CONTACT": "contact@example.org"}
    assert read(tmp_path, "CONTACT", GUILDHALL_CONTACT="hub@council.gov.uk") == {"CONTACT": "hub@council.gov.uk"}
    words = refusal(tmp_path, GUILDHALL_CONTACT="Guildhall <hub@council.gov.uk>")
    assert words.startswith("GUILDHALL_CONTACT must be an email address such as hub@example.org, not ")
