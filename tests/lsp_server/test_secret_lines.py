"""Lines that must not leave the machine, and lines that may."""

import sysconfig
from pathlib import Path

import pytest

from ghostlap.lsp_server.context.secret_lines import SecretDetector


@pytest.fixture(scope="module")
def detector() -> SecretDetector:
    return SecretDetector()


@pytest.mark.parametrize(
    "line",
    [
        'aws_key = "AKIA' + 'IOSFODNN7EXAMPLE"',
        'password = "hunter2hunter2"',
        "  token: ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
        "api_key: sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "-----BEGIN RSA PRIVATE " + "KEY-----",
        'url = "postgres://admin:' + 'hunter22@db.internal/app"',
        'OPENAI_API_KEY="sk-proj-' + 'abcDEF123456abcDEF123456T3BlbkFJabcDEF123456abcDEF123456"',
        'sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    ],
)
def test_a_line_with_a_secret_is_told(detector: SecretDetector, line: str) -> None:
    assert detector.is_secret(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "import os",
        "    return self.password_field(bar)",
        "def reset_password(user: User) -> None:",
        'token = os.environ["TOKEN"]',
        "password = get_password()",
        'password = "<your password>"',
        "secret: ${SECRET}",
        'key = "name"',
        'id = "123e4567-e89b-12d3-a456-426614174000"',
    ],
)
def test_ordinary_code_that_speaks_of_secrets_is_left_alone(
    detector: SecretDetector, line: str
) -> None:
    assert not detector.is_secret(line)


def test_scrubbing_empties_the_line_and_keeps_all_others_in_their_places(
    detector: SecretDetector,
) -> None:
    text = 'a = 1\npassword = "hunter2hunter2"\nb = 2\n'
    assert detector.scrub(text) == "a = 1\n\nb = 2\n"
    assert detector.scrub("a = 1\nb = 2") == "a = 1\nb = 2"


def test_the_cheap_first_look_never_lets_a_secret_pass(detector: SecretDetector) -> None:
    """Every line of a large module, judged with and without it."""
    detector.load()
    source = Path(sysconfig.get_paths()["stdlib"], "imaplib.py").read_text(encoding="utf-8")
    lines = [*source.split("\n"), *(f"x{n} = 'pw{n}:hunter{n}@'" for n in range(20))]
    for line in lines:
        found = any(
            not any(harmless(each.secret_value or "") for harmless in detector._heuristics)
            for rule in detector._rules
            for each in rule.analyze_line(filename="", line=line, line_number=0)
        )
        assert detector.is_secret(line) == found, line


def test_what_is_remembered_is_bounded(detector: SecretDetector) -> None:
    for number in range(30_000):
        detector.is_secret(f"x{number}")
    assert len(detector._judged) <= 20_000
