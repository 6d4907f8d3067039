"""The configuration: every mistake is told once, and there is always one to work with."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.config import Config, config_path, load, merge, schema
from ghostlap.lsp_server.config._reader import settings_of_class
from ghostlap.lsp_server.config._schema import to_toml
from ghostlap.providers.catalog import settings_of

KEY = "sk-live-0123456789"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems_of(path: Path) -> list[str]:
    return [each.message for each in load(path)[1]]


def test_without_a_file_there_are_the_defaults_and_nothing_to_complain_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GHOSTLAP_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    if sys.platform != "win32":  # Windows knows its folders without asking the environment
        assert tmp_path in config_path().parents
        assert load() == (Config(), ())
    assert config_path().name == "config.toml"


def test_a_file_that_was_named_and_is_not_there_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "none.toml"
    monkeypatch.setenv("GHOSTLAP_CONFIG", str(missing))
    assert config_path() == missing
    config, (problem,) = load()
    assert config == Config()
    assert str(problem) == f"{missing}: there is no such file; the defaults are used"


def test_the_shipped_defaults_keep_their_own_rules(write: Write) -> None:
    text = to_toml(Config())
    assert load(write(text)) == (Config(), ())


def test_what_the_file_says_is_taken(write: Write) -> None:
    config, problems = load(
        write(
            """
            primary = "mine"
            debounce_ms = 20
            [suggestion]
            single_line = false
            [embedded]
            confidence = 1e-1
            [telemetry]
            enabled = false
            [providers.mine]
            base_url = "http://127.0.0.1:8080/v1"
            headers = { x-team = "blue" }
            key_command = ["pass", "show", "mine"]
            temperature = 0
            body = { seed = 7, nested = { deep = [1, 2] } }
            """
        )
    )
    assert problems == ()
    assert config.primary == "mine"
    assert config.suggestion.single_line is False
    assert config.embedded.threshold == 0.1
    assert config.telemetry.enabled is False
    mine = config.provider("mine")
    assert mine.headers == {"x-team": "blue"}
    assert mine.key_command == ("pass", "show", "mine")
    assert mine.temperature == 0.0
    assert mine.body == {"seed": 7, "nested": {"deep": [1, 2]}}


def test_a_provider_of_the_catalogue_keeps_what_the_user_does_not_say(write: Write) -> None:
    config, problems = load(write('primary = "groq"\n[providers.groq]\nmodel = "other"\n'))
    assert problems == ()
    assert config.provider("groq") == replace(settings_of("groq"), model="other")
    assert config.provider("cerebras") == settings_of("cerebras")


def test_a_remote_provider_waits_for_a_pause_and_the_embedded_engine_does_not() -> None:
    config = Config(debounce_ms=40)
    assert config.debounce_s("groq") == (0.0, 0.04)
    assert config.debounce_s("embedded") == (0.0, 0.0)


DEBOUNCE = "debounce_ms must be a whole number from 0 to 2000, not"
BAD_VALUES = {
    "debounce_ms = 75.5": f"{DEBOUNCE} 75.5; 150 is used",
    "debounce_ms = -1": f"{DEBOUNCE} -1; 150 is used",
    "debounce_ms = true": f"{DEBOUNCE} true; 150 is used",
    'debounce_ms = "75"': f'{DEBOUNCE} "75"; 150 is used',
    "debounce_ms = []": f"{DEBOUNCE} a list; 150 is used",
    "debouce_ms = 5": "debouce_ms is no setting; did you mean debounce_ms?",
    "zzz = 5": "zzz is no setting",
    '"a\\u001b[31mb" = 5': '"a\\u001b[31mb" is no setting',
    "primary = 3": 'primary must be a text, not 3; "embedded" is used',
    'primary = "groqq"': 'primary names "groqq", which is neither embedded, nor a vendor of the '
    "catalogue, nor a [providers.NAME] of this file; did you mean groq?",
    "embedded = 3": "embedded must be a table, not 3",
    "embedded.confidence = nan": "embedded.confidence must be a number from 0.0 to 0.99, not nan; "
    "0.0 is used",
    "embedded.confidence = 1": "embedded.confidence must be a number from 0.0 to 0.99, not 1; "
    "0.0 is used",
    'embedded.eagerness = "very"': "embedded.eagerness must be one of quiet, balanced, eager, not "
    '"very"; "balanced" is used',
    'embedded.eagernes = "quiet"': "embedded.eagernes is no setting; did you mean "
    "embedded.eagerness?",
    "telemetry.enabled = 1": "telemetry.enabled must be true or false, not 1; true is used",
    "telemetry.path = 1979-05-27": "telemetry.path must be a text, not a date or time",
    "suggestion.max_tokens = 0": "suggestion.max_tokens must be a whole number from 1 to "
    "4096, not 0; 256 is used",
    "providers = 3": "providers must be a table, not a number",
    "providers.x = 3": "providers.x must be a table, not a number",
    "providers.x.max_tokens = 0": "providers.x.max_tokens must be a whole number from 1 to 32768, "
    "not a number",
    'providers.x.prompt = "fimm"': "providers.x.prompt must be one of auto, chat, fim, suffix, "
    "not a text",
    "providers.x.headers = { a = 1 }": "providers.x.headers.a must be a text, not a number",
    'providers.x.key_command = "pass x"': "providers.x.key_command must be a list, not a text",
    'providers.x.key_command = ["a", 1]': "providers.x.key_command[1] must be a text, not a number",
    f'providers.x.key_env = "{KEY}"': "providers.x.key_env must be the name of an environment "
    "variable, in capitals, not the key, not a text",
}


@pytest.mark.parametrize(("line", "message"), BAD_VALUES.items())
def test_a_bad_value_is_named_with_what_is_allowed_and_the_default_is_used(
    line: str, message: str, write: Write
) -> None:
    config, problems = load(write(line))
    assert [each.message for each in problems] == [message]
    assert replace(config, providers={}) == Config()


def test_a_bad_value_takes_nothing_else_with_it(write: Write) -> None:
    config, problems = load(
        write('debounce_ms = "x"\n[embedded]\nconfidence = 7\neagerness = "quiet"\n')
    )
    assert [each.name for each in problems] == ["debounce_ms", "embedded.confidence"]
    assert config.embedded.eagerness == "quiet"


SYNTAX = {
    "primary = ": "line 1, column 11: invalid value",
    "a = 1\nb = \n": "line 2, column 5: invalid value",
    f'[providers.x]\nkey = "{KEY}\n': "line 2, column 26: illegal character '\\n'",
    "a = 1\na = 2\n": "line 2, column 6: cannot overwrite a value",
}


@pytest.mark.parametrize(("text", "message"), SYNTAX.items())
def test_a_syntax_error_is_reported_with_its_place_and_the_file_stays_as_it_is(
    text: str, message: str, write: Write
) -> None:
    path = write(text)
    config, (problem,) = load(path)
    assert config == Config()
    place = message.partition(":")[0]  # the words differ between Pythons
    assert str(problem).startswith(f"{path}: {place}: ")
    assert KEY not in str(problem)
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'primary = "\xff"')
    assert problems_of(tmp_path / "config.toml") == [
        "byte 12 is not UTF-8; the defaults are used",
    ]
    assert len(problems_of(tmp_path)) == 1, "a folder is no file"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfdebounce_ms = 5\r\n[embedded]\r\nmulti_line = false\r\n")
    config, problems = load(path)
    assert (config.debounce_ms, config.embedded.multi_line, problems) == (5, False, ())


def test_no_problem_and_nothing_shown_holds_a_key_wherever_the_user_put_it(write: Write) -> None:
    known = {each.name.rpartition(".")[2] for each in schema() if "NAME" in each.name}
    for value in (f'"{KEY}"', f'["pass", "{KEY}"]', f'{{ a = "{KEY}" }}', f'[{{ b = "{KEY}" }}]'):
        lines = [f"{name} = {value}" for name in sorted(known - PLAIN_TEXTS)]
        config, problems = load(write("\n".join(["[providers.x]", *lines])))
        assert problems
        assert KEY not in "\n".join(map(str, problems))
        assert KEY not in to_toml(config)


PLAIN_TEXTS = {
    *("dialect", "base_url", "path", "model", "key_header", "fim_template", "hardware"),
    *("ca_file", "client_cert_file", "client_key_file"),
}
"""Settings whose very purpose is a text that is shown."""


def test_what_is_shown_of_a_provider_is_toml_without_its_secrets(write: Write) -> None:
    config, _ = load(
        write(
            f"""
            [providers."my own"]
            base_url = "https://me:{KEY}@host/v1?key={KEY}"
            path = "/x?key={KEY}"
            key_command = ["pass", "{KEY}"]
            headers = {{ x-key = "{KEY}" }}
            body = {{ token = "{KEY}" }}
            """
        )
    )
    shown = to_toml(config)
    assert KEY not in shown
    assert tomllib.loads(shown)["providers"]["my own"] == {
        "base_url": "https://host/v1?•••",
        "path": "/x?•••",
        "key_command": ["pass", "•••"],
        "headers": {"x-key": "•••"},
        "body": {"token": "•••"},
    }


# What the editor sends, which a folder that is merely opened may have said.


def test_editor_settings_lie_above_the_file_and_fall_back_to_it(write: Write) -> None:
    file, _ = load(write('debounce_ms = 10\n[embedded]\neagerness = "quiet"\n'))
    once, problems = merge(file, {"ghostlap": {"debounce_ms": 20, "embedded": {"confidence": 0.5}}})
    assert problems == ()
    assert (once.debounce_ms, once.embedded.eagerness) == (20, "quiet")
    assert once.embedded.confidence == 0.5
    again, problems = merge(file, {"suggestion": {"max_tokens": 9}})
    assert problems == ()
    assert (again.debounce_ms, again.suggestion.max_tokens) == (10, 9)


@pytest.mark.parametrize("settings", [None, {}, [], {"ghostlap": None}, {"ghostlap": {}}])
def test_no_editor_settings_change_nothing(settings: Any, write: Write) -> None:
    file, _ = load(write("debounce_ms = 10"))
    assert merge(file, settings) == (file, ())


def test_null_means_that_the_editor_does_not_say(write: Write) -> None:
    file, _ = load(write("debounce_ms = 10"))
    assert merge(file, {"debounce_ms": None, "embedded": {"eagerness": None}}) == (file, ())


def test_lua_s_empty_table_is_a_table(write: Write) -> None:
    file, _ = load(write("debounce_ms = 10"))
    assert merge(file, {"embedded": [], "providers": []}) == (file, ())


@pytest.mark.parametrize("settings", [3, "x", ["debounce_ms"], {"ghostlap": 3}])
def test_editor_settings_that_are_no_object_are_reported(settings: Any) -> None:
    config, (problem,) = merge(Config(), settings)
    assert config == Config()
    assert str(problem) == "editor settings: the settings must be an object"


HOSTILE: dict[str, dict[str, Any]] = {
    "a new address": {"providers": {"groq": {"base_url": "https://evil.example/v1"}}},
    "a new provider": {"providers": {"evil": {"base_url": "https://evil.example/v1"}}},
    "a command": {"providers": {"groq": {"key_command": ["sh", "-c", "evil"]}}},
    "headers": {"providers": {"groq": {"headers": {"x": "y"}}}},
    "another key": {"providers": {"groq": {"key_env": "AWS_SECRET_ACCESS_KEY"}}},
    "another vendor": {"primary": "openai"},
    "a provider of its own": {"primary": "evil", "providers": {"evil": {"model": "m"}}},
    "a file to write": {"telemetry": {"path": "/home/user/.bashrc"}},
    "a folder to write": {"embedded": {"cache_dir": "/home/user/.ssh"}},
    "recording again": {"telemetry": {"enabled": True}},
}


@pytest.mark.parametrize("settings", HOSTILE.values(), ids=HOSTILE)
def test_an_opened_folder_cannot_redirect_code_keys_or_files(
    settings: dict[str, Any], write: Write
) -> None:
    path = write('primary = "groq"\n[telemetry]\nenabled = false\n')
    file, _ = load(path)
    config, problems = merge(file, settings)
    assert config == file
    assert len(problems) == len(settings)
    assert all(str(path) in str(each) for each in problems), "it says where the setting belongs"


def test_every_setting_that_names_a_place_or_a_command_is_the_user_s_alone() -> None:
    telling = ("path", "dir", "file", "url", "command", "header", "headers", "key")
    for each in schema():
        if each.name.rpartition(".")[2].rpartition("_")[2] in telling:
            assert each.user_only, each.name


FILE_WITH_TWO = """
primary = "groq"
editor_may_select = ["cerebras", "mine"]
[providers.mine]
[providers.other]
"""


@pytest.mark.parametrize("name", ["embedded", "groq", "cerebras", "mine"])
def test_the_editor_may_select_whom_the_user_s_file_selects_or_lists_for_it(
    name: str, write: Write
) -> None:
    file, problems = load(write(FILE_WITH_TWO))
    assert problems == ()
    config, problems = merge(file, {"primary": name})
    assert (config.primary, problems) == (name, ())


NAMING_OTHERS: list[dict[str, Any]] = [
    {"primary": "other"},
    {"backup": "other"},
    {"backup": ["cerebras", "other"]},
    {"split": {"other": 0.1}},
    {"shadow": "other"},
    {"shadow": {"other": 1}},
]


@pytest.mark.parametrize("settings", NAMING_OTHERS)
def test_that_the_file_knows_how_to_reach_a_provider_does_not_let_a_folder_send_code_there(
    settings: dict[str, Any], write: Write
) -> None:
    path = write(FILE_WITH_TWO)
    file, _ = load(path)
    config, (problem,) = merge(file, settings)
    assert config == file
    assert problem.message.endswith(
        f"may only name embedded or what {path} selects, since a folder can set it: "
        'put "other" into editor_may_select there'
    )


def test_a_folder_cannot_lengthen_the_list_of_whom_it_may_select(write: Write) -> None:
    file, _ = load(write("[providers.mine]\n"))
    settings = {"editor_may_select": ["mine"], "primary": "mine"}
    config, problems = merge(file, settings)
    assert config == file
    assert {each.name for each in problems} == {*settings}


def test_whom_the_editor_may_select_has_to_be_somebody(write: Write) -> None:
    [message] = problems_of(write('editor_may_select = ["groqq"]'))
    assert message.endswith("did you mean groq?")


def test_whom_the_editor_may_select_is_not_asked_for_that(write: Write) -> None:
    assert load(write(FILE_WITH_TWO))[0].asked() == frozenset({"groq"})


@pytest.mark.parametrize("mode", ["race", "adaptive", {"delay_ms": 10}])
def test_hedging_that_the_user_s_file_turns_off_stays_off(mode: Any, write: Write) -> None:
    file, _ = load(write('primary = "groq"\nbackup = "cerebras"\nhedge = "off"\n'))
    config, problems = merge(file, {"hedge": mode})
    assert config == file
    assert [each.name for each in problems] == ["hedge"]
    file, _ = load(write('primary = "groq"\nbackup = "cerebras"\n'))
    assert merge(file, {"hedge": "off"})[0].hedge == "off"


def test_the_editor_may_turn_recording_off() -> None:
    config, problems = merge(Config(), {"telemetry": {"enabled": False}})
    assert (config.telemetry.enabled, problems) == (False, ())


def test_a_broken_file_lets_the_editor_select_nothing_but_the_embedded_engine(
    write: Write,
) -> None:
    file, _ = load(write('primary = "groq"\n['))
    config, problems = merge(file, {"primary": "groq"})
    assert config.primary == "embedded"
    assert [each.name for each in problems] == ["primary"]


def test_a_flood_of_settings_is_summed_up(write: Write) -> None:
    settings: dict[str, Any] = {"x" * 10_000 + str(n): {} for n in range(50_000)}
    config, problems = merge(load(write(""))[0], settings)
    assert config == Config()
    assert len(problems) == 21
    assert problems[-1].message == "49980 more settings are not used"
    assert max(len(each.message) for each in problems) < 200


def test_control_characters_of_a_setting_never_reach_a_terminal() -> None:
    _, problems = merge(Config(), {"\x1b]0;owned\x07": 1, "primary": "\x1b[2J"})
    assert "\x1b" not in "".join(map(str, problems))


# The settings as data.


def test_every_setting_explains_itself_once() -> None:
    docs = schema()
    assert [each.name for each in docs if not each.help] == []
    assert len({each.name for each in docs}) == len(docs)
    assert {each.type for each in docs} == {
        *("string", "integer", "number", "boolean", "array", "object"),
    }


def test_the_schema_carries_limits_choices_and_marks() -> None:
    docs = {each.name: each for each in schema()}
    assert (docs["debounce_ms"].minimum, docs["debounce_ms"].maximum) == (0, 2000)
    assert docs["embedded.eagerness"].choices == ("quiet", "balanced", "eager")
    assert docs["providers.NAME.base_url"].user_only
    assert docs["embedded.cache_dir"].user_only
    assert not docs["primary"].user_only


def test_what_has_no_help_is_no_setting() -> None:
    assert "file" not in settings_of_class(Config)
    assert merge(Config(), {"file": "/etc/passwd"})[1][0].message == "file is no setting"


def test_reading_the_configuration_imports_nothing_heavy(write: Write) -> None:
    path = write('primary = "groq"\n')
    code = (
        "import sys; from pathlib import Path; from ghostlap.lsp_server import config;"
        f"config.load(Path({str(path)!r}));"
        "print({'httpx', 'aiohttp', 'pygls', 'lsprotocol', 'rich', 'numpy', 'anyio', 'sqlite3'}"
        " & sys.modules.keys())"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert found.stdout.strip() == b"set()"
