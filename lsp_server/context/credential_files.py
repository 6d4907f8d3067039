"""Names of files that hold keys, passwords and tokens, whoever ignores them."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["credential_reason"]

# Environment files, private keys, certificates, key stores, and where tools keep credentials.
_DATA = r"(?:json|ya?ml|toml|ini|xml|csv|txt|cfg|conf|properties)"
_FILES = re.compile(
    rf"""\.env(?:[._-].*)?|.*\.env|\.envrc|\.netrc|_netrc|\.npmrc|\.pypirc|\.pgpass|pgpass\.conf
    |\.?htpasswd|\.my\.cnf|\.mylogin\.cnf|\.s3cfg|\.boto|\.dockercfg|\.terraformrc|terraform\.rc
    |\.vault-token|\.git-credentials|(?:.*[._-])?credentials?(?:\.{_DATA})?|secrets?\.{_DATA}
    |.*\.tfvars(?:\.json)?|.*\.tfstate|client_secrets?(?:[._-].*)?\.json|service[-_]account.*\.json
    |.*\.(?:pem|key|crt|cer|der|csr|p7b|p8|pk8|p12|pkcs12|pfx|jks|bks|keystore|kdbx?|ppk|asc|gpg
        |pub|keytab|ovpn|agekey|jwks?)
    |id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-].*)?|(?:.*[._-])?kubeconfig(?:\..*)?
    |\.vault[-_]?pass(?:word)?|\.\w*_history""",
    re.IGNORECASE | re.VERBOSE,
)
_HARMLESS = re.compile(r"\.env\.(?:example|sample|template|dist)", re.IGNORECASE)
_FOLDERS = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".git", ".password-store"}
)
_COPY = re.compile(r"(?:~|\.(?:bak|backup|old|orig|save|sw[a-p]|tmp|copy|\d+))+$", re.IGNORECASE)
"""What editors and people put behind the name of a copy."""


def credential_reason(path: PurePath) -> str | None:
    """Return why a path is kept back by what it is called alone; None where it is not."""
    # Windows drops dots and spaces at the end, and opens a file's stream by what is behind a colon.
    names = {_original(path.name), _original(path.name.partition(":")[0])}
    if any(_FILES.fullmatch(name) and not _HARMLESS.fullmatch(name) for name in names):
        return "by its name it may hold credentials"
    if not _FOLDERS.isdisjoint(part.lower() for part in path.parts[:-1]):
        return "by its folder it may hold credentials"
    return None


def _original(name: str) -> str:
    """Return the name of a file from that of its copy."""
    return _COPY.sub("", name.strip("#").rstrip(". "))
