"""Damaged index files, with the real indexing process: nothing is raised, and one line is said."""

import asyncio
import random
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ghostlap.providers import CompletionRequest
from ghostlap.providers.local import EmbeddedEngine, EmbeddedSettings
from ghostlap.providers.local.index_file import MAGIC, map_index
from ghostlap.providers.local.lexer import pieces, split_space
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.workspace import IndexingFailed, Workspace
from ghostlap.providers.local.workspace_build import MANIFEST, workspace_folder

INDEX = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "index", "--porcelain"]
CODE = """
def area(width, height):
    return width * height


def border(width, height):
    return 2 * (width + height)
""".lstrip("\n")
PREFIX = "def area(width, height):\n    return width"
EAGER = EmbeddedSettings(standard_library=False, eagerness="eager")


def asked(prefix: str = PREFIX) -> CompletionRequest:
    return CompletionRequest(prefix=prefix, language="python", uri="file:///elsewhere/new.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for number in range(3):
        (root / f"m{number}.py").write_text(CODE * (number + 1))
    return root


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def indexer(cache: Path) -> list[str]:
    return [*INDEX, f"--cache-dir={cache}"]


@pytest.fixture
async def part(root: Path, cache: Path) -> Path:
    """The index file of the root, made by the process that makes it."""
    await Workspace(root, cache, indexer(cache)).refresh(lambda _done, _total: None)
    (path,) = workspace_folder(cache, root).glob("*.index")
    return path


def streams_of(path: Path) -> int:
    """Return where the streams begin, of which opening a file reads nothing."""
    raw = path.read_bytes()
    _, front_bytes, _, _ = struct.unpack_from("<QQII", raw, len(MAGIC))
    return -(-(len(MAGIC) + 24) // 8) * 8 + int(front_bytes)


def content(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, raw: bytes | bytearray) -> None:
    """Put another file there: what is mapped stays as it is."""
    path.unlink()
    path.write_bytes(raw)


def other_byte_order(raw: bytes) -> bytes:
    numbers = [*struct.unpack_from("<QQII", raw, len(MAGIC))]
    at = -(-(len(MAGIC) + 24) // 8) * 8
    foreign = raw.replace(sys.byteorder.encode(), b"middle", 1)
    numbers[2] = zlib.crc32(raw[len(MAGIC) :][:16] + foreign[at : at + numbers[1]])
    return MAGIC + struct.pack("<QQII", *numbers) + foreign[len(MAGIC) + 24 :]


def length_flipped(raw: bytes) -> bytes:
    return raw[: len(MAGIC)] + bytes([raw[len(MAGIC)] ^ 1]) + raw[len(MAGIC) + 1 :]


def front_flipped(raw: bytes) -> bytes:
    return raw[:60] + bytes([raw[60] ^ 1]) + raw[61:]


def stream_flipped(raw: bytes) -> bytes:
    return raw[:-300] + bytes([raw[-300] ^ 1]) + raw[-299:]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda raw: raw[: len(raw) // 2], id="cut off"),
        pytest.param(lambda raw: raw[:20], id="cut off in its head"),
        pytest.param(lambda raw: bytes(len(raw)), id="zeros"),
        pytest.param(lambda raw: random.Random(1).randbytes(len(raw)), id="random"),
        pytest.param(lambda raw: MAGIC + random.Random(1).randbytes(len(raw)), id="random inside"),
        pytest.param(lambda raw: raw.replace(MAGIC, b"ghostlap index 2\n"), id="other version"),
        pytest.param(other_byte_order, id="other byte order"),
        pytest.param(length_flipped, id="a bit of a length"),
        pytest.param(front_flipped, id="a bit of the front"),
        pytest.param(stream_flipped, id="a bit of the streams"),
        pytest.param(lambda raw: raw + b"more", id="longer"),
    ],
)
async def test_a_damaged_file_is_made_anew_with_one_line_in_the_log(
    root: Path,
    cache: Path,
    part: Path,
    damage: Callable[[bytes], bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = content(part)
    put(part, damage(good))
    engine = EmbeddedEngine(EAGER, cache)
    engine.folders.use([root], indexer(cache))
    engine.suggest(asked())
    await engine.warm()
    async with asyncio.timeout(60):
        await engine.folders.settled()
    assert [each.text for each in engine.suggest(asked())] == [" * height"]
    assert content(part) == good
    assert len(caplog.messages) == 1
    assert "made anew" in caplog.text
    await engine.aclose()


@pytest.mark.parametrize("damage", ["{", "[1]", '{"version": 1}', "hidden", "nested", "\0" * 50])
async def test_a_damaged_manifest_is_made_anew_with_one_line_in_the_log(
    root: Path, cache: Path, part: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = part.with_name(MANIFEST)
    said = manifest.read_text()
    damaged = {"hidden": said.replace('"hidden": []', '"hidden": [7]'), "nested": "[" * 100_000}
    manifest.write_text(damaged.get(damage, damage))
    workspace = Workspace(root, cache, indexer(cache))
    workspace.open()
    await workspace.refresh(lambda _done, _total: None)
    assert manifest.read_text() == said
    assert len(workspace.segments("py")) == 1
    assert ["made anew" in each for each in caplog.messages] == [True] * (damage[2:9] != "version")


async def test_a_part_that_leads_astray_while_somebody_types_is_made_anew(
    root: Path, cache: Path, part: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(root, cache, indexer(cache))
    workspace.open()
    (segment,) = workspace.segments("py")
    height = struct.pack(">I", segment.numbered("height", 1)[0])
    put(part, content(part).replace(height, b"\x7f" * 4))
    workspace.open()
    query, half, _ = query_at(PREFIX + " *")
    (segment,) = workspace.segments("py")
    assert segment.places(query, half) is None
    assert workspace.is_damaged
    await workspace.refresh(lambda _done, _total: None)
    assert not workspace.is_damaged
    (segment,) = workspace.segments("py")
    assert segment.places(query, half)
    assert len(caplog.messages) == 1


async def test_no_number_in_a_file_can_raise_or_show_what_was_not_indexed(
    root: Path, cache: Path, part: Path
) -> None:
    good = content(part)
    start = streams_of(part)
    known = {split_space(piece)[0] for piece in pieces(CODE + PREFIX)}
    rng = random.Random(5)
    shown = 0
    for _ in range(150):
        raw = bytearray(good)
        for _ in range(rng.choice([1, 20, 400])):
            raw[rng.randrange(start, len(raw))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        put(part, raw)
        engine = EmbeddedEngine(EAGER, cache)
        engine.folders.use([root], indexer(cache))
        for at in range(4, len(CODE), 9):
            for each in engine.suggest(asked(CODE[:at])):
                text = CODE[:at].rpartition("\n")[2] + each.text
                shown += 1
                assert {split_space(piece)[0] for piece in pieces(text)} - known <= {
                    piece for piece in pieces(text) if piece.isspace()
                }
        await engine.aclose()
    assert shown > 500


async def test_two_servers_on_one_workspace_see_what_either_has_made_anew(
    root: Path, cache: Path, part: Path
) -> None:
    first, second = (Workspace(root, cache, indexer(cache)) for _ in range(2))
    first.open()
    put(part, b"damaged")
    second.open()
    assert len(first.segments("py")) == 1  # its map is of the file that was
    assert len(second.segments("py")) == 0
    await first.refresh(lambda _done, _total: None)
    assert second.open()
    assert len(second.segments("py")) == 1
    assert not second.open()


async def test_what_an_ended_process_left_half_done_is_removed(
    root: Path, cache: Path, part: Path
) -> None:
    left = [part.with_name(f"{part.name}.4711"), part.with_name(f"{MANIFEST}.4711")]
    for each in left:
        each.write_bytes(b"half")
    await Workspace(root, cache, indexer(cache)).refresh(lambda _done, _total: None)
    assert not any(each.exists() for each in left)
    assert map_index(part)


async def test_a_folder_that_is_gone_is_a_problem_in_words(tmp_path: Path, cache: Path) -> None:
    workspace = Workspace(tmp_path / "gone", cache, indexer(cache))
    with pytest.raises(IndexingFailed, match="the folder is not there any more"):
        await workspace.refresh(lambda _done, _total: None)


async def test_a_process_that_talks_nonsense_or_none_is_a_problem_in_words(
    root: Path, cache: Path
) -> None:
    talks = f"import sys; sys.stdout.write('x' * {1 << 18}); sys.stdout.flush(); input()"
    for indexing in ([sys.executable, "-c", talks], [str(root / "none")]):
        with pytest.raises(IndexingFailed, match="process"):
            await Workspace(root, cache, indexing).refresh(lambda _done, _total: None)
