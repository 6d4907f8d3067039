"""What a user, or a row of the catalogue, can say about one provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

__all__ = ["PROMPT_KINDS", "ProviderSettings"]

PROMPT_KINDS = ("auto", "chat", "fim", "suffix")


@dataclass(frozen=True, slots=True, repr=False)
class ProviderSettings:
    """One backend. Each field's metadata says how it is to be explained and checked.

    Which dialects there are is for the registry to say, since other packages add to them. No
    setting turns TLS verification off: a file in an opened project could hold it.
    """

    # Where it is, and who asks.
    dialect: str = field(
        default="openai-compatible",
        metadata={"help": "the wire format it speaks; `ghostlap providers` lists them"},
    )
    base_url: str = field(
        default="",
        metadata={"help": "the address up to and with the version, as https://host/v1"},
    )
    path: str = field(
        default="",
        metadata={"help": "the route below base_url, where it is not the dialect's usual one"},
    )
    model: str = field(default="", metadata={"help": "the model's name, as the provider spells it"})
    key_env: str = field(
        default="",
        metadata={"help": "the environment variable that holds the key; empty: no key is sent"},
    )
    key_command: tuple[str, ...] = field(
        default=(),
        metadata={"help": "a command and its arguments that print the key"},
    )
    key_header: str = field(
        default="authorization",
        metadata={"help": "the header that carries the key; authorization carries it as Bearer"},
    )
    headers: Mapping[str, str] = field(
        default_factory=dict, metadata={"help": "further request headers"}
    )

    # What is asked.
    prompt: str = field(
        default="auto",
        metadata={
            "help": "chat: an instruction and a marked cursor; fim: the model's own template; "
            "suffix: prefix and suffix as fields of the request; auto: fim where the model's name "
            "tells a template, else chat",
            "choices": PROMPT_KINDS,
        },
    )
    fim_template: str = field(
        default="",
        metadata={"help": "the family of FIM template; empty: chosen by the model's name"},
    )
    max_tokens: int = field(
        default=256,
        metadata={
            "help": "the most tokens to ask for; a request may ask for fewer",
            "minimum": 1,
            "maximum": 32768,
        },
    )
    context_tokens: int = field(
        default=2400,  # some 120 lines before the cursor: every token more is prefill to wait for
        metadata={
            "help": "about how many tokens of code to send: half of them from before the cursor",
            "minimum": 128,
            "maximum": 65536,
        },
    )
    reasoning_tokens: int = field(
        default=0,
        metadata={
            "help": "tokens to add to the cap for a model that can't help reasoning first",
            "minimum": 0,
            "maximum": 32768,
        },
    )
    max_tokens_field: str = field(
        default="max_tokens",
        metadata={
            "help": "what the provider calls the cap on tokens",
            "choices": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
        },
    )
    temperature: float | None = field(
        default=None,
        metadata={
            "help": "sampling temperature; not sent unless set, since many models refuse it",
            "minimum": 0.0,
            "maximum": 2.0,
        },
    )
    stop_limit: int = field(
        default=4,
        metadata={
            "help": "how many stop strings the provider accepts; 0: none are sent",
            "minimum": 0,
            "maximum": 16,
        },
    )
    stop_token_ids: bool = field(
        default=False,
        metadata={"help": "send the template's stop tokens as ids too (vLLM, SGLang)"},
    )
    stream_usage: bool = field(
        default=True,
        metadata={"help": "ask for token counts with stream_options.include_usage"},
    )
    body: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "further fields of the request's body, as they are; they win"},
    )

    # How long to wait.
    debounce_ms: int | None = field(
        default=None,
        metadata={
            "help": "the longest wait after a key before it is asked, in place of debounce_ms",
            "minimum": 0,
            "maximum": 2000,
        },
    )
    connect_timeout_s: float = field(
        default=5.0,
        metadata={"help": "seconds to connect", "minimum": 0.05, "maximum": 60.0},
    )
    first_token_timeout_s: float = field(
        default=10.0,
        metadata={
            "help": "seconds from the request to the first visible text",
            "minimum": 0.05,
            "maximum": 300.0,
        },
    )
    stall_timeout_s: float = field(
        default=5.0,
        metadata={
            "help": "seconds that a stream may stay silent once it has begun",
            "minimum": 0.05,
            "maximum": 300.0,
        },
    )

    # How to get there.
    warm_connections: int = field(
        default=2,
        metadata={"help": "connections to hold open ahead", "minimum": 0, "maximum": 8},
    )
    ca_file: str = field(
        default="",
        metadata={"help": "a PEM file of certificate authorities to trust instead of the usual"},
    )
    client_cert_file: str = field(
        default="", metadata={"help": "a PEM file with the client's certificate (mutual TLS)"}
    )
    client_key_file: str = field(
        default="",
        metadata={"help": "a PEM file with its private key, if not in client_cert_file"},
    )

    # What it is.
    hardware: str = field(
        default="", metadata={"help": "the label that reports show, as Cerebras WSE-3"}
    )
    simulated: bool = field(
        default=False,
        metadata={"help": "not a real model: its figures are marked and kept apart"},
    )
    script: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={"help": "what the scripted provider plays; see scripted.Script"},
    )

    def __repr__(self) -> str:
        """Show what differs from the default, without what may hold a key."""
        told = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value not in (each.default, {}):
                told.append(f"{each.name}={_mask(each.name, value)}")
        return f"ProviderSettings({', '.join(told)})"


def _mask(name: str, value: Any) -> str:
    if name in ("headers", "body", "script"):
        return "{" + ", ".join(f"{key!r}: •••" for key in value) + "}"
    if name == "key_command":
        return f"({value[0]!r}, •••)"
    if name == "base_url":
        parts = urlsplit(value)
        query = "?•••" if parts.query else ""
        host = parts.netloc.rpartition("@")[2]
        return repr(f"{parts.scheme}://{host}{parts.path}{query}")
    return repr(value)
