"""Which files are source, and which languages learn from one another."""

from __future__ import annotations

from pathlib import PurePosixPath

__all__ = ["PYTHON", "family_of"]

PYTHON = "py"
_SHARED = {
    "py": "py pyi pyw",
    "js": "js jsx ts tsx mjs cjs mts cts vue svelte",
    "c": "c h cc cpp cxx hpp hh hxx inl cu m mm",
    "css": "css scss sass less",
    "html": "html htm xhtml jinja j2 erb hbs",
    "sh": "sh bash zsh fish",
    "yaml": "yaml yml",
}
_ALONE = (
    "ada clj cljs cmake cr cs d dart el elm erl ex exs f90 fs go gradle graphql groovy hcl hs "
    "java jl kt kts lisp lua md ml mli nim nix pas php pl pm proto ps1 py.in r rb rkt rs rst "
    "scala scm sol sql swift tcl tex tf toml v vala vb vhd vim zig"
)
_FAMILIES = {suffix: name for name, all_of in _SHARED.items() for suffix in all_of.split()} | {
    suffix: suffix for suffix in _ALONE.split()
}
_LANGUAGES = {
    "python": "py",
    "javascript": "js",
    "javascriptreact": "js",
    "typescript": "js",
    "typescriptreact": "js",
    "cpp": "c",
    "csharp": "cs",
    "markdown": "md",
    "ruby": "rb",
    "rust": "rs",
    "shellscript": "sh",
    "objective-c": "c",
}
_GENERATED = (".min.js", ".min.css", ".bundle.js", ".d.ts.map")


def family_of(name: str, language: str = "") -> str:
    """Return the family of a file by its name, else by its LSP `languageId`; "" if it has none."""
    lowered = name.lower()
    if lowered.endswith(_GENERATED):
        return ""
    suffix = PurePosixPath(lowered).suffix[1:]
    return _FAMILIES.get(suffix) or _LANGUAGES.get(language) or language
