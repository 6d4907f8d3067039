"""The wheel as a user gets it: built, compared with the tree, installed and run among strangers."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import IO, Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
FOLDERS = ("lsp_server", "providers", "telemetry")
EDITORS = ("COPILOT.md", "PROTOCOL.md", "nvim/**/*", "snippets/*", "vscode/ghostlap.vsix")
"""What of editors/ is shipped; the extension when it was built: see `make extension`."""


def uv(*args: str | Path, cwd: Path) -> None:
    command = [sys.executable, "-m", "uv", "--quiet", "--offline", "--no-cache", *map(str, args)]
    subprocess.run(command, cwd=cwd, check=True)


def shipped(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix in {".py", ".toml", ".html", ".json"} or path.name == "py.typed":
            yield path


def shipped_to_editors(root: Path) -> Iterator[Path]:
    for pattern in EDITORS:
        yield from (path for path in (root / "editors").glob(pattern) if path.is_file())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree: what an earlier build left in the real one must not reach the wheel."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, source)
    for name in FOLDERS:
        copytree(ROOT / name, source / name, ignore=ignore_patterns("__pycache__"))
    for path in shipped_to_editors(ROOT):
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(path, target)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    builder = ("build", "--wheel", "--no-build-isolation", "--python", sys.executable)
    uv(*builder, "--out-dir", out, cwd=source)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment that holds the wheel and borrows its dependencies."""
    environment = tmp_path_factory.mktemp("environment")
    uv("venv", "--python", sys.executable, environment, "--allow-existing", cwd=environment)
    uv("pip", "install", "--python", environment, "--no-deps", wheel, cwd=environment)
    base = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return Path(sysconfig.get_path("scripts", "venv", base))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with packages of our names, each of which tells when it is imported."""
    workspace = tmp_path / "workspace"
    trap = f"open({str(tmp_path / 'sprung')!r}, 'a').write(__name__)\nraise ImportError(__name__)\n"
    for name in (*FOLDERS, "ghostlap", *(f"ghostlap/{folder}" for folder in FOLDERS)):
        for module in ("__init__.py", "__main__.py", "cli.py"):
            path = workspace / name / module
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(trap)
    return workspace


@pytest.fixture
def strange_home(tmp_path: Path) -> dict[str, str]:
    """An environment without Python's variables and with a home that holds nothing."""
    home = str(tmp_path / "home")
    names = ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")
    xdg = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | dict.fromkeys(names, home) | {name: f"{home}/{name}" for name in xdg}


def send(server: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    server.flush()


def answer(server: IO[bytes], request: int) -> dict[str, Any]:
    """The answer to a request; what the server says on its own account is passed over."""
    while True:
        length = 0
        while line := server.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server closed its output"
        message: dict[str, Any] = json.loads(server.read(length))
        if message.get("id") == request and "method" not in message:
            return message


def test_the_lock_has_what_the_project_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = [
        Requirement(line.removesuffix("\\"))
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if line[:1].isalnum()
    ]
    for wanted in map(
        Requirement, asked["project"]["dependencies"] + asked["dependency-groups"]["dev"]
    ):
        versions = [str(pin.specifier).lstrip("=") for pin in pins if pin.name == wanted.name]
        assert versions, f"{wanted} is not in requirements.lock: run make lock"
        assert all(wanted.specifier.contains(version) for version in versions)


def test_the_wheel_holds_the_tree_and_nothing_else(source: Path, wheel: Path) -> None:
    tree = {
        f"ghostlap/{path.relative_to(source).as_posix()}"
        for folder in FOLDERS
        for path in shipped(source / folder)
    }
    tree |= {
        f"ghostlap/{path.relative_to(source).as_posix()}" for path in shipped_to_editors(source)
    }
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == tree


def test_the_wheel_carries_the_editors_plugins(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert "ghostlap/editors/nvim/plugin/ghostlap.lua" in names
    if not (ROOT / "editors" / "vscode" / "ghostlap.vsix").exists():
        absent = "the extension was not built: see `make extension`"
        if os.environ.get("GHOSTLAP_REQUIRE_EDITORS"):
            pytest.fail(absent)
        pytest.skip(absent)
    assert "ghostlap/editors/vscode/ghostlap.vsix" in names


def test_the_wheel_carries_its_licence_and_the_console_script(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (licence,) = (name for name in names if name.endswith("licenses/LICENSE"))
        (entries,) = (name for name in names if name.endswith("entry_points.txt"))
        assert b"Apache License" in archive.read(licence)
        assert b"ghostlap = ghostlap.lsp_server.cli:main" in archive.read(entries)


def test_the_version_is_told_in_a_workspace_of_strangers(
    scripts: Path, workspace: Path, strange_home: dict[str, str]
) -> None:
    told = subprocess.run(
        [scripts / "ghostlap", "--version"],
        cwd=workspace,
        env=strange_home,
        capture_output=True,
        text=True,
        check=True,
    )
    version = ROOT.joinpath("pyproject.toml").read_text().partition('version = "')[2]
    assert version.partition('"')[0] in told.stdout
    assert not (workspace.parent / "sprung").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("ghostlap", "serve"),
        ("ghostlap", "--stdio"),
        ("python", "-I", "-m", "ghostlap.lsp_server", "serve"),
    ],
    ids=" ".join,
)
def test_the_installed_server_shakes_hands_in_a_workspace_of_strangers(
    command: tuple[str, ...], scripts: Path, workspace: Path, strange_home: dict[str, str]
) -> None:
    params = {"processId": os.getpid(), "rootUri": workspace.as_uri(), "capabilities": {}}
    with subprocess.Popen(
        [scripts / command[0], *command[1:]],
        cwd=workspace,
        env=strange_home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin
        assert server.stdout
        send(server.stdin, {"id": 1, "method": "initialize", "params": params})
        assert answer(server.stdout, 1)["result"]["capabilities"]["inlineCompletionProvider"]
        send(server.stdin, {"method": "initialized", "params": {}})
        send(server.stdin, {"id": 2, "method": "shutdown"})
        assert answer(server.stdout, 2)["result"] is None
        send(server.stdin, {"method": "exit"})
        assert server.wait() == 0
    assert not (workspace.parent / "sprung").exists()
