"""What models leave around their code: special tokens, fences, echoes of the prompt's furniture."""

from __future__ import annotations

import re

__all__ = ["strip_echo", "strip_fences", "strip_header", "strip_special_tokens"]

# Every model's tokens have one of these forms, so that a fragment of a family that is not ours is
# caught too. HTML and generics do not: no tag has a bar, a hyphenated `fim` or a fullwidth mark.
_SPECIAL = re.compile(
    r"<\|[a-z_]{2,24}\|>"
    r"|<\uff5c[^\uff5c\n]{1,24}\uff5c>"
    r"|<fim[_-](?:prefix|suffix|middle|pad)>"
    r"|<\[(?:fim-\w+|end\u2581of\u2581sentence)\]>"
    r"| ?<(?:EOT|PRE|SUF|MID)>"
    r"|<(?:file_sep|repo_name|reponame|gh_stars)>"
    r"|<CURSOR(?:_\d+)?>"
)
_FENCE = re.compile(r"^[ \t]*```[\w+#.-]*[ \t]*$", re.MULTILINE)
_HEADER = re.compile(
    r"^[ \t]*(?:#|//|--|/\*|<!--|;)+[ \t]*(?:file(?:name|path)?|path|language)[ \t]*:.*$",
    re.IGNORECASE,
)


def strip_special_tokens(text: str) -> str:
    """End the text where a special token begins. Behind it stands another file, or nothing."""
    found = _SPECIAL.search(text)
    return text[: found.start()] if found else text


def strip_fences(text: str) -> str:
    """Take the code out of its fence; without an opening one, end at the closing one."""
    found = _FENCE.search(text)
    if not found:
        return text
    if text[: found.start()].strip():
        return text[: found.start()].rstrip("\n")
    inner = text[found.end() :].removeprefix("\n")
    closing = _FENCE.search(inner)
    return inner[: closing.start()].rstrip("\n") if closing else inner


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


def strip_echo(text: str, line_prefix: str) -> str:
    """Take off a repetition of the cursor's line up to the cursor.

    The line has to hold at least two words' worth of text: `return ` may well be typed twice in a
    row by a person, `self.width = ` hardly.
    """
    written = line_prefix.lstrip()
    if len(written.strip()) < 6:
        return text
    candidate = text.lstrip(" \t")
    if candidate.startswith(written):
        return candidate[len(written) :]
    stripped = written.rstrip()
    if written != stripped and candidate.startswith(stripped + "\n"):
        return candidate[len(stripped) :]
    return text
