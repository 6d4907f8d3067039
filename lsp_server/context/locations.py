"""Where documents are: from an editor's URIs to paths, and to what a model may know of them."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote

__all__ = ["Roots", "folder_uris", "name_in", "path_in", "root_uris"]

_IS_WINDOWS = os.name == "nt"
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)")
_DRIVE = re.compile(r"/+([A-Za-z]):(?=/|$)")


def path_in(uri: str, *, windows: bool = _IS_WINDOWS) -> PurePath | None:
    """Return the absolute path that a URI names, without `.` and `..`; None where it has none.

    Also of schemes other than `file`: a cell of a notebook, or an old revision of a file, is to be
    kept back as the file itself is. Bytes that are not UTF-8 are kept as `os.fsdecode` keeps them.
    """
    found = _URI.match(uri)
    if found is None:
        return None
    scheme, host, path = found[1].lower(), found[2] or "", _decoded(found[3])
    if "\0" in path or not path.startswith("/"):
        return None
    if windows:
        drive = _DRIVE.match(path)
        if drive:
            path = f"{drive[1].upper()}:{path[drive.end() :] or '/'}"
        elif scheme == "file" and host not in ("", "localhost"):
            path = f"//{_decoded(host)}{path}"
        return PureWindowsPath(ntpath.normpath(path))
    return PurePosixPath(posixpath.normpath("/" + path.lstrip("/")))


def name_in(uri: str) -> str:
    """Return the last part of what a URI names, which every URI has."""
    found = _URI.match(uri)
    path = _decoded(found[3] if found else uri)
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def root_uris(params: Any) -> list[str]:
    """Return the URIs of the folders that `initialize` names: the newest member that has any."""
    if not isinstance(params, Mapping):
        return []
    if folders := folder_uris(params.get("workspaceFolders")):
        return folders
    uri, path = params.get("rootUri"), params.get("rootPath")
    if isinstance(uri, str) and uri:
        return [uri]
    if isinstance(path, str) and path and Path(path).is_absolute():
        return [Path(path).as_uri()]
    return []


def folder_uris(folders: Any) -> list[str]:
    """Return the URIs of WorkspaceFolders, leaving out what is none."""
    if not isinstance(folders, list):
        return []
    uris = [each.get("uri") for each in folders if isinstance(each, Mapping)]
    return [uri for uri in uris if isinstance(uri, str) and uri]


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders of the workspace, as absolute paths."""

    paths: tuple[PurePath, ...] = ()

    @classmethod
    def of(cls, uris: Sequence[str], *, windows: bool = _IS_WINDOWS) -> Roots:
        found = [path_in(uri, windows=windows) for uri in uris if uri.lower().startswith("file:")]
        return cls(tuple(dict.fromkeys(path for path in found if path is not None)))

    def around(self, path: PurePath) -> PurePath | None:
        """Return the innermost root that holds `path`."""
        holding = [root for root in self.paths if path.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=None)

    def relative(self, path: PurePath | None, name: str) -> str:
        """Return what a model may know of where a document is: never where the workspace is.

        Outside of every root that is its name.
        """
        root = self.around(path) if path is not None else None
        if root is None or path is None or path == root:
            return _shown(name)
        return _shown(path.relative_to(root).as_posix())


def _shown(text: str) -> str:
    """Return a name with what is no Unicode in it replaced: JSON could not carry it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(text: str) -> str:
    return unquote(text, errors="surrogateescape")
