"""The demo world: a marketplace, its financing company, a bank and forty suppliers who are nobody real.

| module | holds |
|---|---|
| `characters` | what kinds of suppliers there are, and their names |
| `trade` | their trade, line by line: the same seed gives the same trade |
| `invoicing` | what they invoice for what was delivered |
| `founding` | parties, people, accounts, book, policy and programme, by the portal's own services |
| `signing_up` | suppliers: verification, account, machine |
| `replay` | weeks of business, one business date after the other |
"""
