"""The prompt for models without fill-in-the-middle training: an instruction and a marked cursor."""

from __future__ import annotations

from ghostlap.providers._base import CompletionRequest

__all__ = ["INSTRUCTION", "cursor_mark", "system_prompt", "user_prompt"]

INSTRUCTION = (
    "You complete code at the cursor of an editor. The user's message is a file with {mark} where "
    "the cursor stands. Reply with exactly the text to insert at {mark}, and nothing else: no code "
    "fence, no explanation, none of the text that stands before or after the cursor. Keep the "
    "file's indentation and style. {extent} If nothing should be inserted, reply with nothing."
)
_ONE_LINE = "Insert only the rest of the cursor's line."
_BLOCK = "Insert at most what completes the innermost block."


def cursor_mark(request: CompletionRequest) -> str:
    """Return a cursor mark that the code itself does not contain."""
    mark = "<CURSOR>"
    number = 1
    while mark in request.prefix or mark in request.suffix:
        number += 1
        mark = f"<CURSOR_{number}>"
    return mark


def system_prompt(request: CompletionRequest) -> str:
    """Return the instruction. It changes with nothing but the mark and extent: caches keep it."""
    extent = _ONE_LINE if request.single_line else _BLOCK
    return INSTRUCTION.format(mark=cursor_mark(request), extent=extent)


def user_prompt(request: CompletionRequest) -> str:
    """Return the snippets, the language, the path and the text around the marked cursor."""
    parts = [f"File {each.path}:\n{each.text}\n\n" for each in request.snippets]
    where = f"{request.path} ({request.language})" if request.path else request.language
    parts.append(f"Complete {where}:\n")
    parts.append(request.prefix + cursor_mark(request) + request.suffix)
    return "".join(parts)
