"""Fill-in-the-middle prompts by model family.

Order, special tokens and end marks are those of the models' own cards and papers (Qwen2.5-Coder
and Qwen3-Coder READMEs, StarCoder 1 and 2, SantaCoder, Code Llama, DeepSeek-Coder, CodeGemma, the
Mistral tokenizer, Granite, Seed-Coder, Mellum, CodeGeeX4). One wrong character costs most of a
model's quality without an error, so a test pins each of them byte by byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ghostlap.providers._base import CompletionRequest

__all__ = ["FAMILIES", "FimTemplate", "template_for", "template_named"]

STOP_LIMIT = 4
"""OpenAI, Groq, Cerebras and vLLM refuse a request with more stop strings than this."""


@dataclass(frozen=True, slots=True)
class FimTemplate:
    """How one family of models wants the text around the cursor."""

    name: str
    pattern: str
    """The prompt, with the fields {context}, {prefix} and {suffix}."""
    stops: tuple[str, ...]
    """Stop strings to send, four at most. What the server lets through is cut by `special`."""
    special: tuple[str, ...]
    """Every special token that must never reach the user."""
    snippet: str = ""
    """One snippet of another file, with {path} and {text}; empty: the family has no such form."""
    before_snippets: str = ""
    current: str = ""
    """What introduces the current file after snippets, with {path}."""
    stop_token_ids: tuple[int, ...] = ()
    """For servers that take any number of token ids (vLLM, SGLang)."""

    def render(self, request: CompletionRequest) -> str:
        """Return the prompt for a raw completion route; never for a chat template."""
        return self.pattern.format(
            context=self._context(request),
            prefix=request.prefix,
            suffix=request.suffix,
        )

    def _context(self, request: CompletionRequest) -> str:
        if not self.snippet or not request.snippets:
            return ""
        files = "".join(
            self.snippet.format(path=each.path, text=each.text) for each in request.snippets
        )
        return self.before_snippets + files + self.current.format(path=request.path)


_QWEN_TOKENS = (
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
)
_STARCODER_TOKENS = (
    "<fim_prefix>",
    "<fim_suffix>",
    "<fim_middle>",
    "<fim_pad>",
    "<file_sep>",
    "<repo_name>",
    "<reponame>",
    "<filename>",
    "<gh_stars>",
    "<|endoftext|>",
)
_DEEPSEEK_TOKENS = (  # fullwidth bars U+FF5C and U+2581, not ASCII
    "<\uff5cfim\u2581begin\uff5c>",
    "<\uff5cfim\u2581hole\uff5c>",
    "<\uff5cfim\u2581end\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
)

FAMILIES: tuple[FimTemplate, ...] = (
    FimTemplate(
        name="qwen",
        pattern="{context}<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        stops=("<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|file_sep|>"),
        special=_QWEN_TOKENS,
        before_snippets="<|repo_name|>workspace\n",
        snippet="<|file_sep|>{path}\n{text}\n",
        current="<|file_sep|>{path}\n",
        # The README's eos list: endoftext, im_end, fim_prefix, fim_suffix, fim_pad, repo, file_sep.
        stop_token_ids=(151643, 151645, 151659, 151661, 151662, 151663, 151664),
    ),
    FimTemplate(
        name="starcoder",
        pattern="<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
        stops=("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<file_sep>"),
        special=_STARCODER_TOKENS,
    ),
    FimTemplate(
        name="starcoder2",
        pattern="{context}<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
        stops=("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<file_sep>"),
        special=_STARCODER_TOKENS,
        before_snippets="<repo_name>workspace",
        snippet="<file_sep>{path}\n{text}\n",
        current="<file_sep>{path}\n",
    ),
    FimTemplate(
        name="santacoder",  # hyphens where StarCoder has underscores
        pattern="<fim-prefix>{prefix}<fim-suffix>{suffix}<fim-middle>",
        stops=("<|endoftext|>", "<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
        special=("<fim-prefix>", "<fim-suffix>", "<fim-middle>", "<fim-pad>", "<|endoftext|>"),
    ),
    FimTemplate(
        name="codellama",  # the spaces are part of the format; the server adds <s>
        pattern="<PRE> {prefix} <SUF>{suffix} <MID>",
        stops=("<EOT>", "<PRE>", "<SUF>", "<MID>"),
        special=(" <EOT>", "<EOT>", "<PRE>", "<SUF>", "<MID>"),
    ),
    FimTemplate(
        name="deepseek",
        pattern=(
            f"{_DEEPSEEK_TOKENS[0]}{{context}}{{prefix}}"
            f"{_DEEPSEEK_TOKENS[1]}{{suffix}}{_DEEPSEEK_TOKENS[2]}"
        ),
        stops=_DEEPSEEK_TOKENS,
        special=(*_DEEPSEEK_TOKENS, "<|EOT|>"),
        snippet="#{path}\n{text}\n",
        current="#{path}\n",
    ),
    FimTemplate(
        name="codegemma",  # the server adds <bos>
        pattern="{context}<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        stops=("<|file_separator|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        special=(
            "<|file_separator|>",
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<eos>",
        ),
        snippet="{path}\n{text}<|file_separator|>",
        current="{path}\n",
    ),
    FimTemplate(
        name="codestral",  # the suffix comes first; the server adds <s>
        pattern="[SUFFIX]{suffix}[PREFIX]{context}{prefix}",
        stops=("[PREFIX]", "[SUFFIX]", "</s>", "\n+++++ "),
        special=("[PREFIX]", "[SUFFIX]", "[MIDDLE]", "</s>", "\n+++++ "),
        snippet="+++++ {path}\n{text}\n\n",
        current="+++++ {path}\n",
    ),
    FimTemplate(
        name="granite4",
        pattern="<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        stops=("<|end_of_text|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        special=(
            "<|end_of_text|>",
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<|fim_pad|>",
        ),
    ),
    FimTemplate(
        name="seed-coder",  # trained suffix first, by its paper
        pattern="<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>",
        stops=(
            "<[end\u2581of\u2581sentence]>",
            "<[fim-suffix]>",
            "<[fim-prefix]>",
            "<[fim-middle]>",
        ),
        special=(
            "<[end\u2581of\u2581sentence]>",
            "<[fim-suffix]>",
            "<[fim-prefix]>",
            "<[fim-middle]>",
        ),
    ),
    FimTemplate(
        name="mellum",
        pattern="{context}<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        stops=("<|endoftext|>", "<filename>", "<fim_suffix>", "<fim_prefix>"),
        special=("<|endoftext|>", "<filename>", "<fim_suffix>", "<fim_prefix>", "<fim_middle>"),
        snippet="<filename>{path}\n{text}\n",
        current="<filename>{path}\n",
    ),
    FimTemplate(
        name="glm",
        pattern="<|code_prefix|>{prefix}<|code_suffix|>{suffix}<|code_middle|>",
        stops=("<|endoftext|>", "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
        special=("<|endoftext|>", "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
    ),
)

_BY_NAME = {family.name: family for family in FAMILIES}

# The first pattern that is found in the lower-case model name decides; None: no FIM training.
_BY_MODEL: tuple[tuple[str, str | None], ...] = (
    (r"mamba-?codestral|codestral-?mamba", None),
    (r"codestral", "codestral"),
    (r"codeqwen", "starcoder"),
    (r"qwen[\d.p_-]*coder", "qwen"),
    (r"starcoder-?2", "starcoder2"),
    (r"starcoder|stable-?code|refact|granite-?(code|3|\d+b-code)", "starcoder"),
    (r"granite-?4", "granite4"),
    (r"santacoder", "santacoder"),
    (r"code-?llama.*(34b|70b|python)|phind", None),
    (r"code-?llama", "codellama"),
    (r"deepseek", "deepseek"),
    (r"codegemma", "codegemma"),
    (r"seed-?coder", "seed-coder"),
    (r"mellum", "mellum"),
    (r"codegeex|glm-?4-?9b", "glm"),
)
_PATTERNS = tuple((re.compile(pattern), name) for pattern, name in _BY_MODEL)


def template_for(model: str) -> FimTemplate | None:
    """Return the template of the family that the model's name tells, None if it tells of none.

    Names come with owners, routes, sizes and quantisations around them
    (`Qwen/Qwen2.5-Coder-7B`, `accounts/x/models/qwen2p5-coder-7b`, `qwen2.5-coder:1.5b-base`).
    """
    lowered = model.lower()
    for pattern, name in _PATTERNS:
        if pattern.search(lowered):
            return _BY_NAME[name] if name else None
    return None


def template_named(name: str) -> FimTemplate:
    """Return the family called `name`; `KeyError` names the known ones."""
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(sorted(_BY_NAME))
        raise KeyError(f"no FIM template {name!r}; there are {known}") from None
