"""What models leave around their code: special tokens, fences, prose, the name of the file."""

from __future__ import annotations

import re

from ghostlap.lsp_server.shaping._languages import Language

__all__ = [
    "strip_fences",
    "strip_header",
    "strip_middle_token",
    "strip_prose",
    "strip_special_tokens",
]

# Every model's tokens have one of these forms, so that a fragment of a family that is not ours is
# caught too. HTML and generics do not: no tag has a bar, a hyphenated `fim` or a fullwidth mark.
_SPECIAL = re.compile(
    r"<\|[A-Za-z_0-9]{2,24}\|>"
    r"|<\uff5c[^\uff5c\n]{1,24}\uff5c>"
    r"|<fim[_-](?:prefix|suffix|middle|pad)>"
    r"|<\[(?:fim-\w+|end\u2581of\u2581sentence)\]>"
    r"| ?<(?:EOT|PRE|SUF|MID)>"
    r"|<(?:file_sep|repo_name|reponame|gh_stars)>"
    r"|<CURSOR(?:_\d+)?>"
    r"|\[(?:PREFIX|SUFFIX|MIDDLE)\]"
    r"|\n\+\+\+\+\+ "
)
# What a prompt ends with, said again as the first thing: the answer begins behind it.
_MIDDLE = re.compile(
    r"\s*(?:<\|fim_middle\|>|<fim[_-]middle>|<\uff5cfim\u2581end\uff5c>|<MID>|\[MIDDLE\])"
)
# These are tags too, so they count in a language that has none, and not behind their own opening.
_TAG_LIKE = re.compile(r"<(?:/s|eos|pad|filename)>")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w+#./:-]*[ \t]*$", re.MULTILINE)
_FENCE_BEGUN = re.compile(r"(?:\A|(?<=\n))[ \t]*(?:`{1,2}|~{1,2})\Z")
_HEADER = re.compile(
    r"^[ \t]*(?:#|//|--|/\*|<!--|;)+[ \t]*(?:file(?:name|path)?|path|language)[ \t]*:.*$",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"(?:Sure|Certainly|Of course|Okay|Here(?:'s| is| are)|Below is|The following|"
    r"The (?:missing|completed?|code)\b|To complete|I'll |I will |You can )[^=;{}]*(?:[:.!]|$)"
)


def strip_middle_token(text: str) -> str:
    """Take off what the prompt ends with, where the answer begins with it once more."""
    echoed = _MIDDLE.match(text)
    return text[echoed.end() :] if echoed else text


def strip_special_tokens(text: str, language: Language) -> str:
    """End the text where a special token begins. Behind it stands another file, or nothing."""
    found = _SPECIAL.search(text)
    text = text[: found.start()] if found else text
    if language.is_markup:
        return text
    tag = _TAG_LIKE.search(text)
    if tag and f"<{tag[0].lstrip('</')}" not in text[: tag.start()].replace("</", ""):
        return text[: tag.start()]
    return text


def strip_prose(text: str, *, finished: bool) -> str | None:
    """Take off a sentence that introduces the code; None: there is one, and the code not yet."""
    first, newline, rest = text.lstrip().partition("\n")
    if not (newline or finished) or not _PROSE.match(first):
        return text
    if _FENCE.search(rest):
        return rest
    if not finished:
        return None
    return rest.lstrip("\n") if first.rstrip().endswith(":") else ""


def strip_fences(text: str, *, finished: bool) -> tuple[str, bool]:
    """Take the code out of its fence; without an opening one, end at the closing one.

    The second value tells whether what was taken is at its end. Only whole lines are fences.
    """
    if not finished:
        text = _FENCE_BEGUN.sub("", text)
    found = _FENCE.search(text)
    if not found:
        return text, False
    if text[: found.start()].strip():
        return text[: found.start()], text[found.end() :].startswith("\n")
    inner = text[found.end() :].removeprefix("\n")
    closing = _FENCE.search(inner)
    if not closing:
        return inner, False
    return inner[: closing.start()], inner[closing.end() :].startswith("\n")


def strip_header(text: str, path: str) -> str:
    """Take off a leading comment that names the file, as prompts with several files have it."""
    first, newline, rest = text.lstrip("\n").partition("\n")
    if not newline:
        return text
    name = path.rpartition("/")[2]
    bare = first.strip().lstrip("#/-;<!* \t").rstrip("*/->! \t")
    if _HEADER.match(first) or (path and bare in (path, name)):
        return rest
    return text
