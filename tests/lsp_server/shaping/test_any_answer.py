"""Whatever stands around the cursor and whatever a model says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ghostlap.lsp_server.shaping import Shaper

LANGUAGES = ("python", "javascript", "go", "rust", "ruby", "html", "yaml", "sql", "c", "plaintext")
PIECES = st.sampled_from(
    [
        *("x", "foo", "return ", "if a", "else", "end", ":", " = ", "1", ",", ";", ".", "case 1:"),
        *("(", ")", "[", "]", "{", "}", "};", "() => {", '"', "'", '"""', "`", "<p>", "</p>"),
        *("\n", "\n    ", "\n\t", "\n\n", "  ", "\r\n", "# ", "// ", "/* ", "*/", "😀", "é"),
        *("```", "```python\n", "<|endoftext|>", "Here is the code:\n", "def f():\n", "@a\n"),
        "print(i)\n",
    ]
)
TEXT = st.lists(PIECES, max_size=14).map("".join)


@settings(max_examples=400, deadline=None)
@given(
    language=st.sampled_from(LANGUAGES),
    prefix=TEXT,
    suffix=TEXT,
    raw=TEXT,
    single_line=st.booleans(),
)
def test_what_is_decided_stays_and_is_what_an_editor_takes(
    language: str, prefix: str, suffix: str, raw: str, single_line: bool
) -> None:
    shaper = Shaper(prefix=prefix, suffix=suffix, language_id=language, single_line=single_line)
    line_suffix = suffix.replace("\r", "\n").partition("\n")[0]
    decided = None
    for length in range(len(raw) + 1):
        shaped = shaper.shape(raw[:length], finished=False)
        assert 0 <= shaped.replaces <= len(line_suffix)
        assert not shaped.replaces or shaped.text
        if decided is not None:
            assert shaped == decided
        elif shaped.decided:
            decided = shaped
    last = shaper.shape(raw, finished=True)
    assert last.decided
    assert decided is None or last == decided
    assert not (single_line and "\n" in last.text)
    assert last.text == "" or last.text.strip()
