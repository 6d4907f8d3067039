"""Where a key comes from: the environment, a command, or the system's keyring. Never a file."""

from __future__ import annotations

import asyncio
import importlib
import os
from functools import partial
from typing import Any

from ghostlap.providers._errors import AuthenticationFailed
from ghostlap.providers._secret import Secret
from ghostlap.providers._settings import ProviderSettings

__all__ = ["KEYRING_SERVICE", "Key", "key_source"]

KEYRING_SERVICE = "ghostlap"
"""The service name below which the keyring holds keys, with the provider's name as the user."""
_COMMAND_TIMEOUT_S = 30.0  # long enough to type a pass phrase


class Key:
    """One provider's key, looked up when it is first needed and then remembered."""

    def __init__(
        self,
        provider: str,
        settings: ProviderSettings,
        *,
        command_timeout_s: float = _COMMAND_TIMEOUT_S,
    ) -> None:
        self._provider = provider
        self._settings = settings
        self._command_timeout_s = command_timeout_s
        self._key: Secret | None = None
        self._looking: asyncio.Task[Secret | AuthenticationFailed] | None = None

    @property
    def known(self) -> Secret | None:
        """The key, if the environment or an earlier look-up gave it; never waits."""
        if self._key is None:
            self._key = _from_environment(self._settings)
        return self._key

    @property
    def wanted(self) -> bool:
        """Whether the settings say that there is a key."""
        return bool(self._settings.key_env or self._settings.key_command)

    async def find(self) -> Secret | None:
        """Return the key; None where none is wanted. Raises `AuthenticationFailed` if it lacks.

        The keyring is asked when neither the environment nor a command gave the key. A look-up goes
        on for who comes next when the one who began it is cancelled: a command may be waiting for
        its user, and the next keystroke must not have it ask again.
        """
        if self.known or not self.wanted:
            return self._key
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        found = await asyncio.shield(self._looking)
        if isinstance(found, AuthenticationFailed):
            raise found
        self._key = found
        return found

    async def _look(self) -> Secret | AuthenticationFailed:
        """Return an error rather than raise it: nobody may be there to take it."""
        try:
            key = await self._from_command() or await _from_keyring(self._provider)
        except AuthenticationFailed as error:
            return error
        if key is not None:
            return key
        where = self._settings.key_env or "key_command"
        return AuthenticationFailed(self._provider, "there is no key", f"set {where}")

    async def _from_command(self) -> Secret | None:
        command = self._settings.key_command
        if not command:
            return None
        try:
            output, code = await self._run(command)
        except (OSError, TimeoutError) as error:
            raise self._command_failed(type(error).__name__) from None
        if code:
            raise self._command_failed(f"exit code {code}")
        key = output.decode(errors="replace").strip()
        return Secret(key) if key else None

    async def _run(self, command: tuple[str, ...]) -> tuple[bytes, int | None]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self._command_timeout_s):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return output, process.returncode

    def _command_failed(self, why: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            self._provider, f"key_command gave no key ({why})", "run it in a terminal, and mend it"
        )


def key_source(provider: str, settings: ProviderSettings) -> str:
    """Return where the key would come from, for a list: never the key, and no command is run."""
    if _from_environment(settings):
        return f"${settings.key_env}"
    if settings.key_command:
        return "key_command"
    if settings.key_env and _keyring_entry(provider):
        return "keyring"
    return ""


def _from_environment(settings: ProviderSettings) -> Secret | None:
    value = os.environ.get(settings.key_env, "").strip() if settings.key_env else ""
    return Secret(value) if value else None


async def _from_keyring(provider: str) -> Secret | None:
    return await asyncio.get_running_loop().run_in_executor(None, partial(_keyring_entry, provider))


def _keyring_entry(provider: str) -> Secret | None:
    """Ask the keyring, where the optional package is installed and has a back end."""
    try:
        keyring: Any = importlib.import_module("keyring")  # optional, and slow to import
    except ImportError:
        return None
    try:
        value = keyring.get_password(KEYRING_SERVICE, provider)
    except Exception:  # noqa: BLE001  every back end fails in its own way, and none of them matters
        return None
    return Secret(value) if value else None
