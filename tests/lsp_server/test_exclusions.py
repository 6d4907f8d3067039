"""Which files are kept back, and why."""

import os
from pathlib import Path

import pytest

from ghostlap.lsp_server.context.exclusions import Exclusions


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".env.local", "prod.env", ".ENV", ".envrc", "server.key", "tls.crt", "ca.pem",
        "release.keystore", "store.p12", "id_rsa", "id_ed25519.old", ".netrc", ".npmrc", ".pypirc",
        "credentials", "credentials.json", "secrets.yaml", "terraform.tfvars", "vault.kdbx",
        ".env~", "server.key.bak", "#.env#", ".env.", "id_rsa.old", ".bash_history", "app.p8",
        "gcp-credentials.json", "client_secret_1.json", "prod.kubeconfig", ".my.cnf", "htpasswd",
        "terraform.tfstate.backup", ".env::$DATA",
    ],
)  # fmt: skip
def test_files_that_may_hold_credentials_are_kept_back(tmp_path: Path, name: str) -> None:
    assert Exclusions((tmp_path,)).reason(tmp_path / name) == "by its name it may hold credentials"
    assert Exclusions().reason(tmp_path / name), "also outside of every workspace"


@pytest.mark.parametrize(
    "name",
    [
        "environment.py", "key.py", "keys.ts", ".env.example", "secrets.py", "monkey.go",
        "credentials.py", "test_credentials.ts", "history.py", "public.rs", "main.py.orig",
    ],
)  # fmt: skip
def test_source_files_with_such_names_are_not(tmp_path: Path, name: str) -> None:
    assert Exclusions((tmp_path,)).reason(tmp_path / name) is None


def test_ignored_files_are_kept_back_and_the_nearest_rule_has_the_last_word(
    tmp_path: Path,
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / ".gitignore").write_text("build/\n*.gen.py\n")
    (tmp_path / "src" / ".gitignore").write_text("!kept.gen.py\n/local.py\n")
    (tmp_path / "src" / ".ghostlapignore").write_text("private_*\n")
    exclusions = Exclusions((tmp_path,))
    assert exclusions.reason(tmp_path / "build" / "x.py") == "ignored by .gitignore"
    assert exclusions.reason(tmp_path / "src" / "a.gen.py") == "ignored by .gitignore"
    assert exclusions.reason(tmp_path / "src" / "kept.gen.py") is None
    assert exclusions.reason(tmp_path / "src" / "local.py") == "ignored by .gitignore"
    assert exclusions.reason(tmp_path / "src" / "sub" / "local.py") is None
    assert exclusions.reason(tmp_path / "src" / "private_x.py") == "ignored by .ghostlapignore"
    assert exclusions.reason(tmp_path / "src" / "main.py") is None


def test_a_repositorys_own_excludes_count(tmp_path: Path) -> None:
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("notes.md\n")
    reason = Exclusions((tmp_path,)).reason(tmp_path / "notes.md")
    assert reason == "ignored by .git/info/exclude"


def test_a_rule_file_that_changes_is_read_again(tmp_path: Path) -> None:
    exclusions = Exclusions((tmp_path,))
    assert exclusions.reason(tmp_path / "a.py") is None
    rules = tmp_path / ".ghostlapignore"
    rules.write_text("a.py\n")
    assert exclusions.reason(tmp_path / "a.py") == "ignored by .ghostlapignore"
    rules.write_text("b.py\n")
    later = rules.stat().st_mtime_ns + 1_000_000_000
    os.utime(rules, ns=(later, later))
    assert exclusions.reason(tmp_path / "a.py") is None
    rules.unlink()
    assert exclusions.reason(tmp_path / "b.py") is None


def test_rules_of_one_root_do_not_reach_outside_of_it(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert Exclusions((inner,)).reason(inner / "a.py") is None


def test_a_file_that_is_too_large_is_kept_back(tmp_path: Path) -> None:
    exclusions = Exclusions((tmp_path,), largest_bytes=1000)
    assert exclusions.reason(tmp_path / "a.py", 1001) == "larger than 1 kB"
    assert exclusions.reason(tmp_path / "a.py", 1000) is None


def test_a_link_is_judged_by_each_name_on_its_way(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    (tmp_path / "between.pem").symlink_to("plain.py")
    (tmp_path / "shown.py").symlink_to("between.pem")
    reason = Exclusions((tmp_path,)).reason(tmp_path / "shown.py")
    assert reason == "by its name it may hold credentials"


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to("b.py")
    (tmp_path / "b.py").symlink_to("a.py")
    assert Exclusions((tmp_path,)).reason(tmp_path / "a.py") is None
