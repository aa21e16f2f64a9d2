"""Planted bugs: does the proof of the laws notice them? See docs/mutations.md."""
