"""Where a key comes from, and what is said when it comes from nowhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from ghostlap.providers import AuthenticationFailed, ProviderSettings
from ghostlap.providers._keys import KEYRING_SERVICE, Key, key_source
from ghostlap.providers._secret import Secret

FROM_ENVIRONMENT = ProviderSettings(key_env="ACME_KEY")

FakeKeyring: TypeAlias = Callable[[str], None]


def printing(code: str) -> tuple[str, ...]:
    """Return a command that runs `code`."""
    return (sys.executable, "-I", "-c", code)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_KEY", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)  # an import of it fails


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """Puts a module of this body where the optional package would be found."""

    def install(body: str) -> None:
        (tmp_path / "keyring.py").write_text(f"def get_password(service, user):\n    {body}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "keyring")

    return install


async def test_a_provider_that_wants_no_key_has_none() -> None:
    key = Key("acme", ProviderSettings())
    assert not key.wanted
    assert key.known is None
    assert await key.find() is None
    assert key_source("acme", ProviderSettings()) == ""


async def test_a_key_in_the_environment_is_known_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_KEY", "  from-environment\n")
    key = Key("acme", FROM_ENVIRONMENT)
    assert key.known == Secret("from-environment")
    assert await key.find() == Secret("from-environment")
    assert key_source("acme", FROM_ENVIRONMENT) == "$ACME_KEY"


@pytest.mark.parametrize("value", [None, "", " \n"])
async def test_a_missing_key_is_an_error_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("ACME_KEY", value)
    with pytest.raises(AuthenticationFailed, match=r"^acme: there is no key — set ACME_KEY$"):
        await Key("acme", FROM_ENVIRONMENT).find()
    assert key_source("acme", FROM_ENVIRONMENT) == ""


async def test_a_key_that_is_set_later_is_found_then(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Key("acme", FROM_ENVIRONMENT)
    with pytest.raises(AuthenticationFailed):
        await key.find()
    monkeypatch.setenv("ACME_KEY", "late")
    assert await key.find() == Secret("late")


async def test_a_command_prints_the_key() -> None:
    settings = ProviderSettings(key_command=printing("print(' from-command ')"))
    key = Key("acme", settings)
    assert key.wanted
    assert key.known is None
    assert await key.find() == Secret("from-command")
    assert key.known == Secret("from-command")


async def test_the_environment_goes_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "from-environment")
    settings = ProviderSettings(key_env="ACME_KEY", key_command=printing("raise SystemExit(3)"))
    assert await Key("acme", settings).find() == Secret("from-environment")


async def test_a_command_runs_once_for_all_who_wait(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x'); print('key')"
    key = Key("acme", ProviderSettings(key_command=printing(code)))
    found = await asyncio.gather(*(key.find() for _ in range(5)))
    assert set(found) == {Secret("key")}
    assert runs.read_text() == "x"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (printing("print('half-a-key'); raise SystemExit(3)"), "exit code 3"),
        (("no-such-program-anywhere",), "FileNotFoundError"),
    ],
)
async def test_a_command_that_fails_is_told_without_its_output(
    command: tuple[str, ...], why: str
) -> None:
    with pytest.raises(AuthenticationFailed) as failed:
        await Key("acme", ProviderSettings(key_command=command)).find()
    assert str(failed.value) == (
        f"acme: key_command gave no key ({why}) — run it in a terminal, and mend it"
    )


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    process = tmp_path / "process"
    code = f"import os, time; open({str(process)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    slow = printing(code)
    key = Key("acme", ProviderSettings(key_command=slow), command_timeout_s=2.0)
    with pytest.raises(AuthenticationFailed, match=r"key_command gave no key \(TimeoutError\)"):
        await key.find()
    assert not psutil.pid_exists(int(process.read_text()))


async def test_a_look_up_goes_on_when_the_keystroke_that_began_it_is_cancelled(
    tmp_path: Path,
) -> None:
    runs, go = tmp_path / "runs", tmp_path / "go"
    code = (
        f"import os, time\nopen({str(runs)!r}, 'a').write('x')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('key')"
    )
    key = Key("acme", ProviderSettings(key_command=printing(code)))
    first = asyncio.get_running_loop().create_task(key.find())
    async with asyncio.timeout(30):
        while not runs.exists():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go.touch()
    assert await key.find() == Secret("key")
    assert runs.read_text() == "x"


async def test_a_failed_look_up_is_tried_anew(tmp_path: Path) -> None:
    there = tmp_path / "there"
    code = f"import os, sys; os.path.exists({str(there)!r}) or sys.exit(3); print('key')"
    key = Key("acme", ProviderSettings(key_command=printing(code)))
    with pytest.raises(AuthenticationFailed, match="exit code 3"):
        await key.find()
    there.touch()
    assert await key.find() == Secret("key")


async def test_a_command_that_prints_nothing_leaves_the_key_missing() -> None:
    settings = ProviderSettings(key_command=printing(""))
    with pytest.raises(AuthenticationFailed, match="there is no key — set key_command"):
        await Key("acme", settings).find()


async def test_a_command_is_named_as_the_source_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    settings = ProviderSettings(key_command=printing(f"open({str(ran)!r}, 'w')"))
    assert key_source("acme", settings) == "key_command"
    assert not ran.exists()


async def test_the_keyring_is_asked_last(keyring: FakeKeyring) -> None:
    keyring(f"return {{({KEYRING_SERVICE!r}, 'acme'): 'from-keyring'}}.get((service, user))")
    key = Key("acme", FROM_ENVIRONMENT)
    assert key.known is None
    assert await key.find() == Secret("from-keyring")
    assert key_source("acme", FROM_ENVIRONMENT) == "keyring"
    with pytest.raises(AuthenticationFailed):
        await Key("another", FROM_ENVIRONMENT).find()


@pytest.mark.parametrize("body", ["raise RuntimeError('no back end')", "return None", "return ''"])
async def test_a_keyring_without_the_key_is_as_none(keyring: FakeKeyring, body: str) -> None:
    keyring(body)
    with pytest.raises(AuthenticationFailed, match="there is no key — set ACME_KEY"):
        await Key("acme", FROM_ENVIRONMENT).find()
    assert key_source("acme", FROM_ENVIRONMENT) == ""


async def test_the_keyring_is_not_asked_for_who_wants_no_key(keyring: FakeKeyring) -> None:
    keyring("raise SystemExit('asked')")
    assert await Key("acme", ProviderSettings()).find() is None
