"""usage: make_gguf.py FILE

Writes a language model of hand-made weights that a real llama.cpp server can run: attention and
feed-forward outputs are zero, so the logits are `output · one-hot(last token)` and every token has
one successor. After the FIM-middle token it says `a + b`, a newline and the end of text; anything
else is followed by the end of text. The chat template ends with the FIM-middle token, so that chat
says the same. Answers are deterministic and take about a millisecond.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

ANSWER = ("a", " +", " b", "\n")
"""The tokens that are said. Each stands once in the vocabulary, with one successor."""

_SPECIAL = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
_CHAT_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}<|fim_middle|>"
_WIDTH, _HEADS, _FEED_FORWARD, _CONTEXT = 280, 4, 32, 8192


def byte_alphabet() -> list[str]:
    """Return the printable stand-in of each byte, as GPT-2's byte-level BPE has it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    stand_in = {byte: chr(byte) for byte in printable}
    stand_in |= {byte: chr(256 + at) for at, byte in enumerate(others)}
    return [stand_in[byte] for byte in range(256)]


def write(path: Path) -> None:
    alphabet = byte_alphabet()

    def spelled(text: str) -> str:
        return "".join(alphabet[byte] for byte in text.encode())

    tokens = [*alphabet, *_SPECIAL]
    kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(_SPECIAL)
    ids = {token: at for at, token in enumerate(tokens)}
    said = [ids.setdefault(spelled(word), len(ids)) for word in ANSWER]
    for word in ANSWER:
        if spelled(word) not in tokens:
            tokens.append(spelled(word))
            kinds.append(gguf.TokenType.NORMAL)
    unused = (alphabet[0xFE], alphabet[0xFF])  # the loader wants one merge; no UTF-8 has these
    tokens.append("".join(unused))
    kinds.append(gguf.TokenType.NORMAL)

    end = ids["<|endoftext|>"]
    successor = dict.fromkeys(range(len(tokens)), end)
    for before, after in zip([ids["<|fim_middle|>"], *said], [*said, end], strict=True):
        successor[before] = after

    writer: Any = gguf.GGUFWriter(path, "llama")
    _describe(writer, ids, tokens, kinds, " ".join(unused))
    _weigh(writer, successor, len(tokens))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(
    writer: Any, ids: dict[str, int], tokens: list[str], kinds: list[gguf.TokenType], merge: str
) -> None:
    writer.add_name("ghostlap-test-chain")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([merge])
    writer.add_bos_token_id(ids["<|endoftext|>"])
    writer.add_eos_token_id(ids["<|endoftext|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(_CHAT_TEMPLATE)
    for key, token in (
        ("fim_pre", "<|fim_prefix|>"),
        ("fim_mid", "<|fim_middle|>"),
        ("fim_suf", "<|fim_suffix|>"),
        ("fim_pad", "<|fim_pad|>"),
        ("fim_rep", "<|repo_name|>"),
        ("fim_sep", "<|file_sep|>"),
    ):
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", ids[token])


def _weigh(writer: Any, successor: dict[int, int], vocabulary: int) -> None:
    embedding = np.zeros((vocabulary, _WIDTH), np.float32)
    embedding[np.arange(vocabulary), np.arange(vocabulary)] = 1.0
    output = np.zeros((vocabulary, _WIDTH), np.float32)
    for before, after in successor.items():
        output[after, before] = 1.0  # RMSNorm makes √width of the 1: the logits' margin
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    writer.add_tensor("output.weight", output)
    square, ones = (_WIDTH, _WIDTH), np.ones(_WIDTH, np.float32)
    writer.add_tensor("blk.0.attn_norm.weight", ones)
    writer.add_tensor("blk.0.ffn_norm.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros(square, np.float32))
    for name in ("ffn_gate", "ffn_up"):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((_FEED_FORWARD, _WIDTH), np.float32))
    writer.add_tensor("blk.0.ffn_down.weight", np.zeros((_WIDTH, _FEED_FORWARD), np.float32))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
