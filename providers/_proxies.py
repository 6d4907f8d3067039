"""Which proxy a request goes through, by the variables that httpx reads, with its meaning of them.

HTTP_PROXY, HTTPS_PROXY and ALL_PROXY name a proxy, NO_PROXY the hosts that need none (and on macOS
and Windows the system's own settings count where the variables are not set). A NO_PROXY entry
`example.com` also covers its sub-domains, `.example.com` the sub-domains alone; a port or a scheme
in an entry restricts it; `*` turns proxies off. Address ranges are not understood, as in httpx.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

__all__ = ["proxy_for"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str, proxies: Mapping[str, str] | None = None) -> str:
    """Return the URL of the proxy for `url`, empty for none.

    `proxies` has the form of `urllib.request.getproxies()`, which is asked when it is None.
    """
    known = urllib.request.getproxies() if proxies is None else proxies
    target = urlsplit(url)
    proxy = known.get(target.scheme) or known.get("all") or ""
    if not proxy or any(_exempt(entry.strip(), target) for entry in known.get("no", "").split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _exempt(entry: str, target: SplitResult) -> bool:
    if entry in ("", "*"):
        return entry == "*"
    scheme, mark, rest = entry.rpartition("://")
    if mark and scheme not in ("all", target.scheme):
        return False
    host, port = _host_and_port(rest)
    if port and port != (target.port or _DEFAULT_PORTS.get(target.scheme)):
        return False
    name = target.hostname or ""
    if host.startswith("."):
        return name.endswith(host)
    exact = bool(mark) or host == "localhost" or _is_address(host)
    return name == host or (not exact and name.endswith(f".{host}"))


def _host_and_port(entry: str) -> tuple[str, int | None]:
    if _is_address(entry):  # an IPv6 address without brackets is all colons
        return entry.lower(), None
    parts = urlsplit(f"//{entry}")
    try:
        return (parts.hostname or ""), parts.port
    except ValueError:  # no number: an entry that can't match
        return entry, None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
