"""The console's pages of leads.

`LeadAdmin` is registered in campaigns/admin, which adds a lead's campaigns, its timeline and enrolling.
"""

from leads.admin import suppressions

__all__ = ["suppressions"]
