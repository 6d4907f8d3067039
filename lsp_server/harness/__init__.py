"""Replays typing against language servers, ours and others', and compares them."""

from __future__ import annotations
