"""Raw answers of models, and what is shown of them. The cursor is █."""

from __future__ import annotations

import pytest

from ghostlap.lsp_server.shaping import Shaper

CASES: list[tuple[str, str, str, str, int]] = [
    # language, text, what the model says, what is shown, characters right of the cursor it replaces
    ("python", "def add(a, b):\n    return █\n", "a + b\n\nprint(1)", "a + b", 0),
    ("python", "def add(a, b):█\n", "\n    return a + b\n\ndef sub():", "\n    return a + b", 0),
    ("python", "def add(a, b):\n    █\n", "    return a + b\n\nprint()", "return a + b", 0),
    ("python", "print(█)", "a, b)", "a, b", 0),
    ("python", "def f(█)", "a, b):", "a, b):", 1),
    ("python", "x = foo(█, b)", "a, b)", "a", 0),
    ("python", "x = foo(█)", "f(y)", "f(y)", 0),
    ("python", "x = foo(█)", "f(y))", "f(y)", 0),
    ("python", 'x = d["█"]', 'key"]', "key", 0),
    ("python", "x = [█", "1, 2])", "1, 2]", 0),
    ("javascript", "function f(a) {█\n}\n", "\n  return a;\n}\n", "\n  return a;", 0),
    ("javascript", "function f(a) {█\n", "\n  return a;\n}\nfoo();", "\n  return a;\n}", 0),
    ("javascript", "if (a) {█\n", "\n  b();\n} else {\n  c();\n}\n", "\n  b();\n}", 0),
    ("javascript", "foo(() => {\n  █\n});", "bar();\n});", "bar();", 0),
    ("go", "func f() int {\n\t█\n}\n", "    return 1\n}", "return 1", 0),
    (
        "go",
        "func f() int {█\n}\n",
        "\n    if x {\n        return 2\n    }\n    return 1\n}",
        "\n\tif x {\n\t\treturn 2\n\t}\n\treturn 1",
        0,
    ),
    ("python", "class A:\n    def f(self):█\n", "\nreturn 1\n", "\n        return 1", 0),
    ("python", "x = █", "```python\nx = 5\n```", "5", 0),
    ("python", "self.value = █", "```python\nself.value = 5\n```", "5", 0),
    ("python", "a = 1\n█\nb = 2 + 3\n", "b = 2 + 3", "", 0),
    ("python", "import os\nimport sys\n█", "import sys\n", "", 0),
    ("python", "x = █", "<|fim_suffix|>foo", "", 0),
    (
        "python",
        "for i in range(10):\n    █\n",
        "print(i)\n    print(i)\n    print(i)\n    print(i)\n",
        "print(i)",
        0,
    ),
    ("ruby", "def f\n  █\n", "1 + 1\nend\nfoo", "1 + 1\nend", 0),
    ("lua", "if x then\n  █\nend", "y()\nend", "y()", 0),
    ("python", "# compute the █", "sum of\n# all", "sum of", 0),
    ("rust", "fn f<'a>(x: &'a str) -> &'a str {\n    █\n}", "x\n}", "x", 0),
    ("json", '{\n  "a": █\n}', '1,\n  "b": 2\n}', "1,", 0),
    ("html", "<div>\n  █\n</div>", "<p>x</p>\n</div>", "<p>x</p>", 0),
    ("python", "x = 1\n\n█\n", "def f():\n    return 1\n\ndef g():\n", "def f():\n    return 1", 0),
]


def shaper(language: str, text: str) -> Shaper:
    prefix, suffix = text.split("█")
    return Shaper(prefix=prefix, suffix=suffix, language_id=language)


@pytest.mark.parametrize(("language", "text", "raw", "shown", "replaces"), CASES)
def test_an_answer_is_shaped(language: str, text: str, raw: str, shown: str, replaces: int) -> None:
    shaped = shaper(language, text).shape(raw, finished=True)
    assert (shaped.text, shaped.replaces) == (shown, replaces)


@pytest.mark.parametrize(("language", "text", "raw", "shown", "replaces"), CASES)
def test_what_is_decided_while_it_streams_does_not_change_any_more(
    language: str, text: str, raw: str, shown: str, replaces: int
) -> None:
    shaping = shaper(language, text)
    for length in range(len(raw) + 1):
        shaped = shaping.shape(raw[:length], finished=False)
        if shaped.decided:
            assert (shaped.text, shaped.replaces) == (shown, replaces), raw[:length]


def test_the_files_line_ends_are_kept() -> None:
    shaping = Shaper(prefix="if x {", suffix="\r\n", language_id="go", newline="\r\n")
    assert shaping.shape("\n\ty()\n}", finished=True).text == "\r\n\ty()\r\n}"


def test_one_line_is_all_where_one_is_asked_for() -> None:
    shaping = Shaper(prefix="if x:", suffix="", language_id="python", single_line=True)
    assert not shaping.multi_line
    assert shaping.shape("  y\n  z", finished=True).text == "  y"
