"""FIM prompts, byte by byte, and the family that a model's name tells."""

import pytest

from ghostlap.providers import CompletionRequest, Snippet
from ghostlap.providers.fim import FAMILIES, STOP_LIMIT, template_for, template_named

P, S = "def add(a, b):\n    return ", "\n\nprint({})\n"

BAR, LOW = "\N{FULLWIDTH VERTICAL LINE}", "\N{LOWER ONE EIGHTH BLOCK}"

PROMPTS = {
    "qwen": f"<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>",
    "starcoder": f"<fim_prefix>{P}<fim_suffix>{S}<fim_middle>",
    "starcoder2": f"<fim_prefix>{P}<fim_suffix>{S}<fim_middle>",
    "santacoder": f"<fim-prefix>{P}<fim-suffix>{S}<fim-middle>",
    "codellama": f"<PRE> {P} <SUF>{S} <MID>",
    "deepseek": f"<{BAR}fim{LOW}begin{BAR}>{P}<{BAR}fim{LOW}hole{BAR}>{S}<{BAR}fim{LOW}end{BAR}>",
    "codegemma": f"<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>",
    "codestral": f"[SUFFIX]{S}[PREFIX]{P}",
    "granite4": f"<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>",
    "seed-coder": f"<[fim-suffix]>{S}<[fim-prefix]>{P}<[fim-middle]>",
    "mellum": f"<fim_suffix>{S}<fim_prefix>{P}<fim_middle>",
    "glm": f"<|code_prefix|>{P}<|code_suffix|>{S}<|code_middle|>",
}

WITH_FILES = {
    "qwen": (
        "<|repo_name|>workspace\n<|file_sep|>lib/a.py\nx = 1\n<|file_sep|>lib/b.py\ny = {}\n"
        f"<|file_sep|>src/main.py\n<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>"
    ),
    "starcoder2": (
        "<repo_name>workspace<file_sep>lib/a.py\nx = 1\n<file_sep>lib/b.py\ny = {}\n"
        f"<file_sep>src/main.py\n<fim_prefix>{P}<fim_suffix>{S}<fim_middle>"
    ),
    "codegemma": (
        "lib/a.py\nx = 1<|file_separator|>lib/b.py\ny = {}<|file_separator|>"
        f"src/main.py\n<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>"
    ),
    "codestral": (
        f"[SUFFIX]{S}[PREFIX]+++++ lib/a.py\nx = 1\n\n+++++ lib/b.py\ny = {{}}\n\n"
        f"+++++ src/main.py\n{P}"
    ),
    "mellum": (
        "<filename>lib/a.py\nx = 1\n<filename>lib/b.py\ny = {}\n"
        f"<filename>src/main.py\n<fim_suffix>{S}<fim_prefix>{P}<fim_middle>"
    ),
}


def test_every_family_is_pinned() -> None:
    assert {family.name for family in FAMILIES} == set(PROMPTS)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_family_renders_its_exact_tokens_around_any_code(name: str) -> None:
    request = CompletionRequest(prefix=P, suffix=S, path="src/main.py")
    assert template_named(name).render(request) == PROMPTS[name]


@pytest.mark.parametrize("name", WITH_FILES)
def test_other_files_take_the_form_the_family_was_trained_on(name: str) -> None:
    snippets = (Snippet("lib/a.py", "x = 1"), Snippet("lib/b.py", "y = {}"))
    request = CompletionRequest(prefix=P, suffix=S, path="src/main.py", snippets=snippets)
    assert template_named(name).render(request) == WITH_FILES[name]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_family_sends_more_stops_than_the_strictest_server_takes(family: object) -> None:
    template = template_named(getattr(family, "name", ""))
    assert 0 < len(template.stops) <= STOP_LIMIT
    assert set(template.stops) <= set(template.special)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_stop_can_be_ordinary_code(family: object) -> None:
    for stop in template_named(getattr(family, "name", "")).special:
        assert not set(stop.strip()) <= set("/#*-\n "), stop


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen"),
        ("qwen2.5-coder:1.5b-base", "qwen"),
        ("accounts/fireworks/models/qwen2p5-coder-32b", "qwen"),
        ("Qwen3-Coder-30B-A3B-Instruct-GGUF", "qwen"),
        ("Qwen/CodeQwen1.5-7B", "starcoder"),
        ("bigcode/starcoder2-15b", "starcoder2"),
        ("bigcode/starcoderbase", "starcoder"),
        ("stabilityai/stable-code-3b", "starcoder"),
        ("ibm-granite/granite-8b-code-base", "starcoder"),
        ("ibm-granite/granite-3.3-8b-base", "starcoder"),
        ("ibm-granite/granite-4.0-h-small-base", "granite4"),
        ("bigcode/santacoder", "santacoder"),
        ("codellama:7b-code", "codellama"),
        ("meta-llama/CodeLlama-13b-hf", "codellama"),
        ("deepseek-ai/deepseek-coder-6.7b-base", "deepseek"),
        ("deepseek-coder-v2:lite", "deepseek"),
        ("google/codegemma-2b", "codegemma"),
        ("codestral-latest", "codestral"),
        ("ByteDance-Seed/Seed-Coder-8B-Base", "seed-coder"),
        ("JetBrains/Mellum-4b-base", "mellum"),
        ("THUDM/codegeex4-all-9b", "glm"),
    ],
)
def test_the_family_is_read_off_the_models_name(model: str, family: str) -> None:
    template = template_for(model)
    assert template is not None
    assert template.name == family


@pytest.mark.parametrize(
    "model",
    [
        "codellama:34b-code",
        "CodeLlama-7b-Python",
        "mamba-codestral-7b",
        "llama-3.3-70b-versatile",
        "gpt-oss-120b",
        "claude-haiku-4-5",
        "gemini-2.5-flash-lite",
        "zai-glm-4.7",
        "qwen3-32b",
        "",
    ],
)
def test_a_model_without_fim_training_has_no_template(model: str) -> None:
    assert template_for(model) is None


def test_an_unknown_template_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="codegemma, codellama"):
        template_named("quen")
