"""The console's pages of campaigns, and of everything below that campaigns act upon.

A page that offers verbs of this floor is registered here, on top of the presentation of its own app: leads are
enrolled, accounts and clients paused, dispatches decided.
"""

from campaigns.admin import campaigns, decisions, engine, enrollments, leads, meanings, switches, tasks

__all__ = ["campaigns", "decisions", "engine", "enrollments", "leads", "meanings", "switches", "tasks"]
