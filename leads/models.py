"""People of one client, how they are recognised, and whom not to contact."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from integrations.models import Account
from leads.companies import CompanyKey
from leads.querysets import LeadQuerySet
from outreach.clients.models import Client, ClientOwned
from outreach.clients.querysets import ClientOwnedQuerySet
from outreach.fields import ChangedAt, CreatedAt
from outreach.identifiers import new_id
from outreach.zones import check_zone


class Lead(ClientOwned):
    """A person of one client.

    `provider_id` (the classic `ACo…` id) is the stable key; `public_identifier` (the slug of the /in/ URL) is
    an alias that its owner may change. Both are stored normalised; see leads/identifiers.py.
    """

    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    company = models.CharField(max_length=300, blank=True)
    company_key = CompanyKey(help_text="The company without its spelling; see leads/companies.py.")
    title = models.CharField(max_length=300, blank=True)
    headline = models.CharField(max_length=500, blank=True)
    location = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    website = models.CharField(max_length=500, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, validators=[check_zone], help_text="IANA name, such as Europe/London; may be empty."
    )
    public_identifier = models.CharField("LinkedIn name", max_length=200, blank=True)
    provider_id = models.CharField("LinkedIn id", max_length=200, blank=True)
    sales_navigator_id = models.CharField(max_length=200, blank=True)
    member_urn = models.CharField(max_length=100, blank=True)
    custom = models.JSONField(default=dict, blank=True, help_text="Further fields, by key.")
    tags = models.JSONField(default=list, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="File and line it came from.")
    replied_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="First answer to our outreach.")
    created_at = CreatedAt()
    updated_at = ChangedAt()

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "provider_id"], condition=~Q(provider_id=""), name="one_lead_per_provider_id"
            ),
            models.UniqueConstraint(
                fields=["client", "public_identifier"],
                condition=~Q(public_identifier=""),
                name="one_lead_per_public_identifier",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "email"], name="lead_by_email"),
            # One person under two names: addresses are compared without regard to case.
            models.Index("client", Lower("email"), name="lead_by_address"),
            models.Index(fields=["client", "company_key"], name="lead_by_company_key"),  # colleagues
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.public_identifier or str(self.pk)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def linkedin_url(self) -> str:
        slug = self.public_identifier or self.provider_id
        return f"https://www.linkedin.com/in/{slug}" if slug else ""

    @property
    def identifier(self) -> str:
        """What the provider's profile route takes: the stable id, else the LinkedIn name."""
        return self.provider_id or self.public_identifier


class CustomField(ClientOwned):
    """A further field that leads of a client may have: the token `{{ key }}` in a text."""

    key = models.SlugField(max_length=80)
    label = models.CharField(max_length=200)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="one_custom_field_per_key")]

    def __str__(self) -> str:
        return self.label


class Connection(ClientOwned):
    """A lead and one of our accounts are connected at the provider, since when, and how we know."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="connections")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="connections")
    connected_at = models.DateTimeField(help_text="When it began, as far as the provider says.")
    noticed_at = models.DateTimeField()
    noticed_by = models.CharField(max_length=40)

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-connected_at"]
        constraints = [models.UniqueConstraint(fields=["account", "lead"], name="one_connection_per_account_lead")]

    def __str__(self) -> str:
        return f"{self.lead} ↔ {self.account}"


class Suppression(models.Model):
    """Never to be contacted: a person's address or profile, a domain or a company; of one client, or everywhere."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail address"
        DOMAIN = "domain", "E-mail domain"
        PROFILE = "profile", "LinkedIn profile"
        COMPANY = "company", "Company"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client = models.ForeignKey(
        Client, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: for every client."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=300, help_text="Stored normalised: lower case, the LinkedIn name of a URL.")
    reason = models.CharField(max_length=300, blank=True)
    source = models.CharField(
        max_length=100,
        blank=True,
        editable=False,
        help_text="What it was made from: the message that asks for it.",
    )
    created_at = CreatedAt()

    objects = ClientOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "value"], name="one_suppression_per_value"),
            models.UniqueConstraint(
                fields=["kind", "value"], condition=Q(client__isnull=True), name="one_suppression_everywhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"
