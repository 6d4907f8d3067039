from dataclasses import replace
from random import Random
from statistics import median

import orjson
import pytest

from ghostlap.providers.catalog import catalog
from ghostlap.providers.scripted_dialects import Answer, Reply
from ghostlap.providers.scripted_server import SeenRequest
from ghostlap.providers.simulated import Simulation, profiles

LINES = [f"    value_{number} = compute(number_{number}, {number})" for number in range(30)]
TEXT = "def all_of_them():\n" + "\n".join(LINES) + "\n"
SURE = replace(profiles()["groq"], errors=0.0)


def asked(before: str, after: str = "") -> SeenRequest:
    messages = [
        {"role": "system", "content": "Reply with exactly the text to insert at <CURSOR>."},
        {"role": "user", "content": f"Complete a.py (python):\n{before}<CURSOR>{after}"},
    ]
    return SeenRequest("POST", "/v1/chat/completions", {}, orjson.dumps({"messages": messages}), 1)


def said(simulation: Simulation, request: SeenRequest) -> str:
    answer = simulation(request)
    assert isinstance(answer, Answer)
    return "".join(answer.pieces)


def rest_of(line: str) -> tuple[str, str]:
    """Return what stands before the cursor, in the middle of a line, and what belongs behind it."""
    at = TEXT.index(line) + len("    value_1")
    return TEXT[:at], TEXT[at:].partition("\n")[0]


@pytest.mark.parametrize("name", [*profiles()])
def test_a_profile_plays_a_row_of_the_catalogue_and_names_its_source(name: str) -> None:
    profile = profiles()[name]
    assert profile.row == name, "the arm is named as the row whose dialect and price it has"
    assert profile.row in catalog()
    assert profile.source
    assert "tail" in profile.assumed


def test_times_to_first_token_have_the_published_median_and_a_tail() -> None:
    random = Random(1)
    drawn = [SURE.first_token_s(random) for _ in range(4000)]
    assert median(drawn) == pytest.approx(SURE.ttft_ms / 1000, rel=0.05)
    assert max(drawn) > 3 * median(drawn)


def test_what_it_knows_it_says_right_two_times_in_three() -> None:
    simulation = Simulation(SURE, [TEXT])
    places = [rest_of(line) for line in LINES]
    right = sum(said(simulation, asked(before)) == rest for before, rest in places)
    assert 12 <= right <= 28


def test_the_same_place_is_told_the_same() -> None:
    before, _ = rest_of(LINES[4])
    simulation = Simulation(SURE, [TEXT])
    assert said(simulation, asked(before)) == said(simulation, asked(before))


def test_the_prefix_of_other_dialects_is_found_too() -> None:
    simulation = Simulation(SURE, [TEXT])
    before, _ = rest_of(LINES[4])
    wanted = said(simulation, asked(before))
    for body in (
        {"prompt": before, "suffix": "\n"},
        {"prompt": f"<|fim_prefix|>{before}<|fim_suffix|>\n<|fim_middle|>"},
    ):
        request = SeenRequest("POST", "/v1/completions", {}, orjson.dumps(body), 1)
        assert said(simulation, request) == wanted


def test_one_seed_gives_one_play() -> None:
    def delays(seed: int) -> list[float]:
        simulation = Simulation(SURE, seed=seed)
        answers = [simulation(asked("x = ")) for _ in range(5)]
        return [each.pace.head_delay_s for each in answers]

    assert delays(1) == delays(1)
    assert delays(1) != delays(2)


def test_errors_are_played_at_their_rate() -> None:
    simulation = Simulation(replace(SURE, errors=0.5))
    answers = [simulation(asked("x = ")) for _ in range(200)]
    failed = [each for each in answers if isinstance(each, Reply)]
    assert 70 < len(failed) < 130
    assert {each.status for each in failed} == {503}
