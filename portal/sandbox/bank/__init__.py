"""The sandbox bank: a small separate service with a book of its own, spoken to in ISO 20022 over HTTP.

    python -m portal.sandbox.bank

| module | holds |
|---|---|
| `schema` | the tables of the book (SQLite) |
| `book` | accounts, business date, booking and returning: the only writer of balances and entries |
| `payments` | accepting or refusing transfers, their status |
| `faults` | misbehaviour on request |
| `notices` | outbox of camt.054 messages and their delivery to the portal |
| `channel` | POST to the portal over kept connections |
| `reports` | statements and notifications read from the book |
| `routes` | what can be asked over HTTP |
| `server` | HTTP/1.1 on asyncio, able to drop a connection unanswered |
| `client` | signed requests to it, for seeding, tests and people |

It imports nothing of the portal but the ISO 20022 messages and the table of currencies, and never Django.
All writing happens on one thread; what was answered is committed before, so that a killed bank forgets nothing.
"""
