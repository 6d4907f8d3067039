"""The embedded engine as a provider."""

import asyncio
from pathlib import Path

import pytest

from ghostlap.providers import CompletionRequest, DocumentObserver, Provider
from ghostlap.providers.local import EmbeddedEngine, EmbeddedSettings
from ghostlap.providers.local.engine import EngineState
from ghostlap.providers.local.library import library_path
from ghostlap.telemetry import AttemptOutcome, AttemptStage, Trace

NO_LIBRARY = EmbeddedSettings(standard_library=False, eagerness="eager")
REPEATED = """
class Square:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def border(self):
        return self.width * 2 + self.height * 2

    def area_of_two(self):
        return self.width * self.height + self.width * self.height
""".lstrip("\n")


def request(text: str, **rest: int | str | bool) -> CompletionRequest:
    prefix, suffix = text.split("█")
    fields = {"language": "python", **rest}
    return CompletionRequest(prefix=prefix, suffix=suffix, **fields)  # type: ignore[arg-type]


@pytest.fixture
def engine(tmp_path: Path) -> EmbeddedEngine:
    return EmbeddedEngine(NO_LIBRARY, tmp_path)


def first(engine: EmbeddedEngine, text: str, **rest: int | str | bool) -> str:
    found = engine.suggest(request(text, **rest))
    return found[0].text if found else ""


def test_it_is_a_provider_that_observes_documents(engine: EmbeddedEngine) -> None:
    provider: Provider = engine
    assert isinstance(provider, DocumentObserver)
    assert provider.name == "embedded"


def test_it_continues_what_the_file_has_said_before(engine: EmbeddedEngine) -> None:
    assert (
        first(engine, REPEATED + "\n    def double(self):\n        return self.width * self.█\n")
        == "height"
    )


def test_a_half_typed_word_is_completed(engine: EmbeddedEngine) -> None:
    assert (
        first(engine, REPEATED + "\n    def x(self):\n        return self.width * self.hei█\n")
        == "ght"
    )


def test_identifiers_are_bound_anew(engine: EmbeddedEngine) -> None:
    pairs = "".join(f"        self.{name} = {name}\n" for name in ("left", "upper", "lower"))
    head = "class A:\n    def __init__(self, left, upper, lower, right):\n"
    text = f"{head}{pairs}        self.right = █\n"
    assert first(engine, text) == "right"


@pytest.mark.parametrize(
    "text",
    ["█", "zzz = █\n", "\n\n█\n\n", "x█y = 1\n", "é🎉 = █\n", "\t█"],
)
def test_it_is_silent_when_it_is_not_sure(engine: EmbeddedEngine, text: str) -> None:
    assert first(engine, text) == ""


def test_an_eager_engine_shows_what_a_quiet_one_keeps_to_itself(tmp_path: Path) -> None:
    text = "alpha = load(beta)\ngamma = load(delta)\nomega = █\n"
    shown = {
        word: first(
            EmbeddedEngine(EmbeddedSettings(eagerness=word, standard_library=False), tmp_path), text
        )
        for word in ("quiet", "balanced", "eager")
    }
    assert len(shown["quiet"]) <= len(shown["balanced"]) <= len(shown["eager"])


def test_it_answers_the_same_every_time(engine: EmbeddedEngine) -> None:
    text = REPEATED + "\n    def twice(self):\n        return self.█\n"
    assert len({first(engine, text) for _ in range(5)}) == 1


async def indexed(engine: EmbeddedEngine) -> None:
    assert engine._indexing
    await engine._indexing


async def test_open_documents_are_known_and_closed_ones_forgotten(engine: EmbeddedEngine) -> None:
    engine.document_opened("file:///a.py", "python", REPEATED.split("\n"))
    engine.document_opened("file:///b.py", "python", ["", ""])
    text = "class Other:\n    def area(self):\n        return self.width * self.█\n"
    await indexed(engine)
    assert first(engine, text, uri="file:///b.py", line=2) == "height"
    engine.document_closed("file:///a.py")
    assert first(engine, text, uri="file:///b.py", line=2) == ""
    await engine.aclose()


async def test_other_languages_do_not_mix(engine: EmbeddedEngine) -> None:
    engine.document_opened("file:///a.py", "python", REPEATED.split("\n"))
    await indexed(engine)
    assert first(engine, "return self.width * self.█\n", language="ruby") == ""
    await engine.aclose()


async def test_a_stream_says_what_happened(engine: EmbeddedEngine) -> None:
    trace = Trace(1)
    asked = request(REPEATED + "\n    def twice(self):\n        return self.width * self.█\n")
    async with engine.stream(asked, trace) as stream:
        text = [piece async for piece in stream]
    (attempt,) = trace.attempts
    assert text == ["height"]
    assert attempt.outcome is AttemptOutcome.COMPLETED
    assert attempt.stamps[AttemptStage.FIRST_TOKEN]
    assert (attempt.provider, attempt.model) == ("embedded", "match-index")
    silent = Trace(2)
    async with engine.stream(request("zzz = █"), silent) as stream:
        assert [piece async for piece in stream] == []
    assert silent.attempts[0].outcome is AttemptOutcome.EMPTY


async def test_alternatives_differ(engine: EmbeddedEngine) -> None:
    text = REPEATED + "\n    def twice(self):\n        return self.█\n"
    found = engine.suggest(request(text, alternatives=3))
    assert len({each.text for each in found}) == len(found) <= 3


async def test_the_standard_library_is_indexed_once_and_then_opened(tmp_path: Path) -> None:
    engine = EmbeddedEngine(EmbeddedSettings(eagerness="eager"), tmp_path)
    other = EmbeddedEngine(EmbeddedSettings(), tmp_path)
    await asyncio.gather(engine.warm(), other.warm())
    await asyncio.gather(engine.settled(), other.settled())
    assert engine.status.state is other.status.state is EngineState.READY
    assert engine.status.source_bytes > 1_000_000
    assert first(engine, "import os\n\nfor name in ra█\n").startswith("nge")
    again = EmbeddedEngine(EmbeddedSettings(), tmp_path)
    await again.warm()
    assert again.status.state is EngineState.READY
    for each in (engine, other, again):
        await each.aclose()


async def test_a_damaged_index_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library_path(tmp_path).write_bytes(b"not an index")
    engine = EmbeddedEngine(EmbeddedSettings(), tmp_path)
    await engine.warm()
    await engine.settled()
    assert engine.status.state is EngineState.READY
    assert caplog.text.count("made anew") == 1
    await engine.aclose()


async def test_an_index_that_cannot_be_made_leaves_the_rest_working(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    engine = EmbeddedEngine(EmbeddedSettings(eagerness="eager"), blocked / "cache")
    await engine.warm()
    await engine.settled()
    assert engine.status.state is EngineState.FAILED
    assert engine.status.detail
    assert (
        first(engine, REPEATED + "\n    def twice(self):\n        return self.width * self.█\n")
        == "height"
    )
    await engine.aclose()


async def test_closing_stops_a_build(tmp_path: Path) -> None:
    engine = EmbeddedEngine(EmbeddedSettings(), tmp_path)
    await engine.warm()
    assert engine.status.state is EngineState.BUILDING
    await engine.aclose()
    assert not library_path(tmp_path).exists()
