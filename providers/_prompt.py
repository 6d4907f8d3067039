"""Which kind of prompt a model is asked with, and what is taken off its answer for it."""

from __future__ import annotations

from dataclasses import dataclass

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._clean import ChatAnswer, SpecialTokens, TextFilter
from ghostlap.providers._errors import BadRequest
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers.fim import FimTemplate, template_for, template_named

__all__ = ["Prompt", "prompt_for"]

_ANY_SPECIAL = ("<|endoftext|>", "<|im_end|>", "</s>", "<EOT>", "<|EOT|>")


@dataclass(frozen=True, slots=True)
class Prompt:
    kind: str
    """chat, fim or suffix."""
    template: FimTemplate | None = None
    """For `fim`."""

    def cleaner(self, request: CompletionRequest) -> TextFilter:
        if self.kind == "chat":
            return ChatAnswer(request.prefix.rpartition("\n")[2])
        return SpecialTokens(self.template.special if self.template else _ANY_SPECIAL)


def prompt_for(provider: str, settings: ProviderSettings, possible: tuple[str, ...]) -> Prompt:
    """Return the prompt that the settings ask for, of those that the dialect has.

    Raises `BadRequest`, which names the setting, where it has none or knows no template.
    """
    template = _template(provider, settings)
    kind = settings.prompt
    if kind == "auto":
        kind = "fim" if template and "fim" in possible else possible[0]
    if kind not in possible:
        known = " or ".join(possible)
        raise BadRequest(
            provider, f"prompt = {kind!r} is not for this dialect", f"set it to {known}"
        )
    if kind == "fim" and template is None:
        raise BadRequest(
            provider,
            f"no FIM template is known for model = {settings.model!r}",
            "set fim_template, or prompt = 'chat'",
        )
    return Prompt(kind, template if kind == "fim" else None)


def _template(provider: str, settings: ProviderSettings) -> FimTemplate | None:
    if not settings.fim_template:
        return template_for(settings.model)
    try:
        return template_named(settings.fim_template)
    except KeyError as error:
        raise BadRequest(provider, str(error.args[0]), "change fim_template") from None
