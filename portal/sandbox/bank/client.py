"""Signed requests to the bank, for seeding, tests and people. (The portal's own way to a bank is another.)

    python -m portal.sandbox.bank.client POST /faults '{"kind": "late", "count": 1}'

with BANK_URL and BANK_SECRET in the environment.
"""

import json
import os
import sys
from datetime import UTC, datetime
from uuid import uuid4

import httpx
from standardwebhooks import Webhook


class BankClient:
    """`ask` returns the answer as it came; `control` the JSON, and raises httpx.HTTPStatusError on a refusal."""

    def __init__(self, url: str, secret: str, timeout: float = 10):
        self._webhook = Webhook(secret)
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def ask(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        return self._http.request(method, path, content=body, headers=signature(self._webhook, body))

    def control(self, method: str, path: str, value: object = None):
        answer = self.ask(method, path, b"" if value is None else json.dumps(value).encode())
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        self._http.close()


def signature(webhook: Webhook, body: bytes) -> dict[str, str]:
    message_id, now = uuid4().hex, datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(message_id, now, body.decode()),
    }


def main() -> int:
    method, path, *body = sys.argv[1:]
    client = BankClient(os.environ["BANK_URL"], os.environ["BANK_SECRET"])
    answer = client.ask(method.upper(), path, body[0].encode() if body else b"")
    print(answer.text)
    return 0 if answer.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
