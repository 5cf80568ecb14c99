"""Where the bank hands in its messages."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from financing.banking import channel, services


@csrf_exempt
@require_POST
def bank_messages(request: HttpRequest) -> JsonResponse:
    """Signed ISO 20022 messages. 200 also for what could not be understood: it is kept, and sending it again helps
    nobody. Without a valid signature nothing is kept."""
    if int(request.headers.get("content-length") or 0) > settings.MAX_DOCUMENT_BYTES:
        return JsonResponse({"code": "TOO_LARGE"}, status=413)
    if not channel.is_signed(request.body, request.headers):
        return JsonResponse({"code": "SIGNATURE"}, status=401)
    receipt = services.receive(content=request.body, now=timezone.now())
    return JsonResponse({"code": receipt.code or "OK", "new_entries": receipt.new_entries})
