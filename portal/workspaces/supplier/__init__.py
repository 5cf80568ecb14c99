"""The supplier's pages: get paid now, receivables, advances, and being let in.

| module | pages |
|---|---|
| `joining` | sign-up, verification, bank account, programmes |
| `getting_paid` | what can be had, what it costs, the quote, the application |
| `receivables` | invoices, what of them can be financed, handing them in |
| `terms` | programmes on offer, facilities: what was agreed, what is used and left |
| `advances` | applications decided and refused, advances and their repayments |
"""
