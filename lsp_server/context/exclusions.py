"""Which files are never sent anywhere.

A file is kept back when a rule file between the workspace root and itself says so (`.gitignore` and
`.ghostlapignore`, both in gitignore's syntax, git's own excludes too), when its name is that of a
key, a certificate or an environment file, or when it is too large to be source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Exclusions"]

_RULE_FILES = (".gitignore", ".ghostlapignore")
_LARGEST_BYTES = 1_000_000
"""Generated code and data; no file that a person edits."""

# Environment files, private keys, certificates, key stores, and where tools keep credentials.
_SENSITIVE = re.compile(
    r"""\.env(?:\..*)?|.*\.env|\.envrc|\.netrc|_netrc|\.npmrc|\.pypirc|\.pgpass|\.htpasswd
    |\.git-credentials|credentials(?:\.\w+)?|secrets?\.(?:ya?ml|json|toml|ini)|.*\.tfvars(?:\.json)?
    |.*\.(?:pem|key|crt|cer|der|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|pub)
    |id_(?:rsa|dsa|ecdsa|ed25519)(?:\..*)?|.*\.agekey|kubeconfig""",
    re.IGNORECASE | re.VERBOSE,
)
_HARMLESS = re.compile(r"\.env\.(?:example|sample|template|dist)", re.IGNORECASE)


@dataclass(slots=True)
class _Rules:
    """One rule file as it was read; None where there is none."""

    mtime_ns: int
    spec: Any


@dataclass(slots=True)
class Exclusions:
    """Answers for the files below some workspace roots. Rule files are read again when changed."""

    roots: tuple[Path, ...] = ()
    largest_bytes: int = _LARGEST_BYTES
    _rules: dict[Path, _Rules] = field(default_factory=dict)

    def reason(self, path: Path, size_bytes: int = 0) -> str | None:
        """Return why `path` is kept back, as words for a status line; None where it is not.

        `path` is absolute; a file outside every root has no rule files, and its name still counts.
        """
        name = path.name
        if _SENSITIVE.fullmatch(name) and not _HARMLESS.fullmatch(name):
            return f"{name} may hold credentials"
        if size_bytes > self.largest_bytes:
            return f"larger than {self.largest_bytes // 1000} kB"
        root = next((each for each in self.roots if path.is_relative_to(each)), None)
        return self._ignored_by(path, root) if root else None

    def _ignored_by(self, path: Path, root: Path) -> str | None:
        """The rule file nearest to the path has the last word, as in git."""
        for folder in (path.parent, *path.parent.parents):
            for rule_file in reversed(_RULE_FILES):
                verdict = self._verdict(folder / rule_file, path.relative_to(folder).as_posix())
                if verdict is not None:
                    return f"ignored by {rule_file}" if verdict else None
            if folder == root:
                break
        return self._excluded_by_git(path, root)

    def _excluded_by_git(self, path: Path, root: Path) -> str | None:
        exclude = root / ".git" / "info" / "exclude"
        if self._verdict(exclude, path.relative_to(root).as_posix()):
            return "ignored by .git/info/exclude"
        return None

    def _verdict(self, rule_file: Path, relative: str) -> bool | None:
        """Return whether a rule file ignores or re-includes a path; None where it says nothing."""
        spec = self._read(rule_file)
        if spec is None:
            return None
        result = spec.check_file(relative)
        return bool(result.include) if result.include is not None else None

    def _read(self, rule_file: Path) -> Any:
        try:
            mtime_ns = rule_file.stat().st_mtime_ns
        except OSError:
            self._rules.pop(rule_file, None)
            return None
        known = self._rules.get(rule_file)
        if known is None or known.mtime_ns != mtime_ns:
            from pathspec import GitIgnoreSpec  # noqa: PLC0415 - not needed without rule files

            try:
                lines = rule_file.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                return None
            known = self._rules[rule_file] = _Rules(mtime_ns, GitIgnoreSpec.from_lines(lines))
        return known.spec
