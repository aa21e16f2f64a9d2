"""Importing a lead file in the console: upload → what would happen → confirm → what happened."""

import io
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from leads.admin.uploads import Ticket, TicketError, keep
from leads.files import LeadFileError
from leads.importing import ImportReport, import_leads, write_rejected
from outreach.clients.models import Client
from outreach.clock import now
from outreach.console.buttons import action
from outreach.console.fields import WordsField
from outreach.console.reach import reach_of, user_of

SHOWN_ROWS = 25
UPLOAD_MEGABYTES = 50
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


class UploadForm(forms.Form):
    client = forms.ModelChoiceField(
        Client.objects.none(), widget=UnfoldAdminSelectWidget, help_text="Whose leads they are."
    )
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt"}),
        help_text="A CSV export of LinkedIn, Apollo, HubSpot, PhantomBuster, Evaboot, or any CSV with a header line.",
    )
    tags = WordsField(required=False, help_text="Given to every lead of the file. Separated by commas.")
    include_filtered = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="Also rows that the exporting tool marked as not matching its filters",
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > UPLOAD_MEGABYTES * 1024 * 1024:
            raise forms.ValidationError(
                f"The file is larger than {UPLOAD_MEGABYTES} MB. Split it, or use import_leads."
            )
        return upload


class ImportPages:
    """The pages of an import, mixed into the admin of leads."""

    def get_urls(self: Any) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            path("import/", wrap(self.upload_page), name="leads_lead_import"),
            path("import/preview/", wrap(self.preview_page), name="leads_lead_import_preview"),
            path("import/rejected/", wrap(self.rejected_file), name="leads_lead_import_rejected"),
        ]
        return pages + list(super().get_urls())  # type: ignore[misc]

    @action(
        description="Import leads",
        icon="upload_file",
        url_path="import-leads",
        permissions=["add"],
        variant=ActionVariant.PRIMARY,
    )
    def import_leads(self: Any, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:leads_lead_import"))

    def upload_page(self: Any, request: HttpRequest) -> HttpResponseBase:
        clients = Client.objects.changeable_by(user_of(request))
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(
            request.POST or None, request.FILES or None, initial=self.get_changeform_initial_data(request)
        )
        form.fields["client"].queryset = clients  # type: ignore[attr-defined]
        if form.is_valid():
            return HttpResponseRedirect(_preview_address(_keep(request, form)))
        return cast(TemplateResponse, self._import_page(request, "upload", {"form": form}))

    def preview_page(self: Any, request: HttpRequest) -> HttpResponseBase:
        """GET shows what the import would do, POST does it."""
        try:
            ticket = _ticket(request)
            report = _run(request, ticket, dry_run=request.method != "POST")
        except (TicketError, LeadFileError) as problem:
            messages.error(request, str(problem))
            return HttpResponseRedirect(reverse("admin:leads_lead_import"))
        shown = {
            "report": report,
            "rejected": report.rejected[:SHOWN_ROWS],
            "client": Client.objects.get(pk=ticket.client_id),
            "ticket": ticket,
            "signed": request.GET["ticket"],
            "counts": _counts(report),
            "format": str(report.format).replace("_", " "),
            "delimiter": DELIMITERS.get(report.delimiter, report.delimiter),
        }
        step = "result" if request.method == "POST" else "preview"
        return cast(TemplateResponse, self._import_page(request, step, shown))

    def rejected_file(self: Any, request: HttpRequest) -> HttpResponse:
        """The rejected rows as CSV, each with its line and reason."""
        try:
            ticket = _ticket(request)
            report = _run(request, ticket, dry_run=True)
        except (TicketError, LeadFileError) as problem:
            return HttpResponse(str(problem), status=410, content_type="text/plain")
        text = io.StringIO(newline="")
        write_rejected(report, text)
        answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="rejected-rows.csv"'
        return answer

    def _import_page(self: Any, request: HttpRequest, step: str, shown: dict[str, Any]) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Import leads",
            "step": step,
            **shown,
        }
        return TemplateResponse(request, f"console/import_{step}.html", context)


def _keep(request: HttpRequest, form: UploadForm) -> Ticket:
    cleaned = form.cleaned_data
    return keep(
        cleaned["file"],
        client_id=cleaned["client"].pk,
        user_id=user_of(request).pk,
        tags=tuple(cleaned["tags"]),
        include_filtered=cleaned["include_filtered"],
    )


def _preview_address(ticket: Ticket) -> str:
    return f"{reverse('admin:leads_lead_import_preview')}?ticket={ticket.sign()}"


def _ticket(request: HttpRequest) -> Ticket:
    """The request's ticket, if the user may still add leads to its client."""
    ticket = Ticket.read(request.GET.get("ticket", ""), user_id=user_of(request).pk)
    if not reach_of(request).may_change(UUID(ticket.client_id)):
        raise PermissionDenied
    return ticket


def _run(request: HttpRequest, ticket: Ticket, *, dry_run: bool) -> ImportReport:
    with ticket.open() as stream:
        return import_leads(
            client=Client.objects.get(pk=ticket.client_id),
            stream=stream,
            filename=ticket.filename,
            by=user_of(request),
            at=now(),
            tags=ticket.tags,
            dry_run=dry_run,
            include_filtered=ticket.include_filtered,
        )


def _counts(report: ImportReport) -> list[tuple[str, int, str]]:
    """The numbers of an import with their colours, for the tiles."""
    return [
        ("New", report.created, "good"),
        ("Updated", report.updated, "news"),
        ("Unchanged", report.unchanged, "calm"),
        ("Skipped", report.skipped, "calm"),
        ("Rejected", len(report.rejected), "harm" if report.rejected else "calm"),
    ]
