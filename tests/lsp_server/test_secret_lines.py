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
    heuristics = detector._heuristics
    source = Path(sysconfig.get_paths()["stdlib"], "imaplib.py").read_text(encoding="utf-8")
    lines = [*source.split("\n"), *(f"x{n} = 'pw{n}:hunter{n}@'" for n in range(20))]
    for line in lines:
        found = any(
            not any(harmless(each.secret_value or "") for harmless in heuristics)
            for rules in detector._rules.values()
            for rule in rules
            for closed in (line, line + '"', line + "'")
            if closed == line or line.count(closed[-1]) % 2
            for each in rule.analyze_line(filename="", line=closed, line_number=0)
        )
        assert detector.is_secret(line) >= found, line


def test_what_is_remembered_is_bounded(detector: SecretDetector) -> None:
    for number in range(30_000):
        detector.is_secret(f"x{number}")
    assert len(detector._judged) + len(detector._older) <= 20_000


_LETTERS = "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUiOpAsDfGhJkLzXcVbNm"
_DIGITS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"
VENDORS_KEYS = {
    "AWS": "AKIA" + "QWERTYUIOPASDFGH",
    "AWS, temporary": "ASIA" + "Q1W2E3R4T5Y6U7I8",
    "AWS, secret": "aws_secret_access_key = '" + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" + "'",
    "GitHub": "ghp_" + _DIGITS[:36],
    "GitHub, no digit": "gho_" + _LETTERS[:36],
    "GitLab": "glpat-" + _DIGITS[:20],
    "GitLab, no digit": "glpat-" + _LETTERS[:20],
    "Slack": "xoxb-" + "123456789012-123456789012-abcdefghijklmnopqrstuvwx",
    "Slack, hook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "Stripe": "sk_live_" + _DIGITS[:24],
    "Stripe, no digit": "rk_live_" + _LETTERS[:24],
    "JWT": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + _DIGITS[:43],
    "a private key": "-----BEGIN OPENSSH PRIVATE " + "KEY-----",
    "PuTTY": "PuTTY-User-" + "Key-File-2: ssh-rsa",
    "OpenAI": "sk-" + _DIGITS[:20] + "T3BlbkFJ" + _DIGITS[:20],
    "SendGrid": "SG." + _DIGITS[:22] + "." + _DIGITS[:43],
    "Twilio": "AC" + "0123456789abcdef" * 2,
    "npm": "//registry.example/:_auth" + "Token=npm_abc",
    "PyPI": "pypi-AgEIcHlwaS5vcmc" + _DIGITS + _DIGITS[:30],
    "Azure": "AccountKey=" + _DIGITS + _DIGITS[:34] + "==",
    "Mailchimp": "0123456789abcdef0123456789abcdef" + "-us12",
    "Telegram": "123456789:" + _DIGITS[:35],
    "Square": "sq0csp-" + _DIGITS[:43],
    "Artifactory": "AKC" + "aBcDeFgHiJkL",
    "Artifactory, short": "AP5" + "aBcDeFgH",
    "Discord": "M" + _DIGITS[:24] + "." + _DIGITS[:6] + "." + _DIGITS[:27],
    "a password in a URL": "https://me:" + "hunter22@example.com/x",
}


@pytest.mark.parametrize("key", VENDORS_KEYS.values(), ids=VENDORS_KEYS)
@pytest.mark.parametrize("line", ["{}", "x = {}", 'call("{}")', "    - {}  # not ours"])
def test_keys_of_every_vendor_are_told_wherever_they_stand(
    detector: SecretDetector, line: str, key: str
) -> None:
    assert detector.is_secret(line.format(key))


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2hunter2"',
        "db_password='correct horse'",
        'PASSWD="tr0ub4dor&3";',
        'if (secret == "a-b-c-d-e") {',
        'client_key: "abcdefgh12",',
        'user.Pwd := "x9-y8-z7"',
        'NSString *password = @"hunter2hunter2";',
    ],
)
def test_passwords_in_assignments_are_told(detector: SecretDetector, line: str) -> None:
    assert detector.is_secret(line)


def test_a_string_that_is_not_closed_counts(detector: SecretDetector) -> None:
    assert detector.is_secret('password = "hunter2hunter2')
    assert detector.is_secret_at('password = "hunter2hunter2', ' + "x"')
    assert not detector.is_secret("# we don't print the password")


KEY = (
    "-----BEGIN PRIVATE " + "KEY-----\n" + ("MIIEvQIBADANBgkqhkiG9w0BAQ" * 2 + "\n") * 3
    + "-----END PRIVATE " + "KEY-----\n"
)  # fmt: skip


def test_a_key_goes_as_a_whole_and_takes_nothing_with_it(detector: SecretDetector) -> None:
    assert detector.scrub(f"a = 1\n{KEY}b = 2") == "a = 1\n" + "\n" * 5 + "b = 2"
    cut = KEY.partition("\n")[2]
    assert detector.scrub(f"{cut}b = 2") == "\n" * 4 + "b = 2", "it began above the window"


def test_code_that_looks_for_keys_loses_its_line_alone(detector: SecretDetector) -> None:
    text = 'if "-----BEGIN PRIVATE ' + 'KEY-----" in text:\n    found(text)\n'
    assert detector.scrub(text).endswith("\n    found(text)\n")


def test_a_secret_far_along_a_line_is_found(detector: SecretDetector) -> None:
    assert detector.is_secret("x " * 3000 + 'y = "AKIA' + 'QWERTYUIOPASDFGH"')


def test_values_without_quotes_count_where_they_are_usual(detector: SecretDetector) -> None:
    assert detector.is_secret("password: hunter2hunter2", "yaml")
    assert not detector.is_secret("password: hunter2hunter2", "typescript")


def test_line_ends_stay(detector: SecretDetector) -> None:
    text = 'a\r\npassword = "hunter2hunter2"\r\nb\r\n'
    assert detector.scrub(text) == "a\r\n\r\nb\r\n"
