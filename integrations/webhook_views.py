"""Unipile calls here. Store, acknowledge, think later."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations import receiving
from integrations.tasks import process_receipt
from outreach import clock
from outreach.doorbell import ring


def _body(request: HttpRequest) -> bytes:
    """The raw body. Raises Refused when it is larger than any call of Unipile's."""
    try:
        return request.body
    except RequestDataTooBig:
        raise receiving.Refused("the body is too large", 413) from None


@csrf_exempt
@require_POST
def unipile_webhook(request: HttpRequest, source: str) -> JsonResponse:
    """Answers 200 for whatever was stored, so that the provider's retries are not our queue."""
    at = clock.now()
    try:
        delivery = receiving.Delivery(source=source, body=_body(request), headers=request.headers)
        receiving.verify(delivery)
    except receiving.Refused as refusal:
        receiving.count_refusal(source, str(refusal), at)
        return JsonResponse({"error": str(refusal)}, status=refusal.status)
    receipt = receiving.store(delivery, at=at)
    ring(process_receipt, str(receipt.pk))
    return JsonResponse({"receipt": str(receipt.pk)})
