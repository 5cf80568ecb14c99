"""ISO 20022 messages as frozen dataclasses: what the portal says to a bank and what a bank says back.

One module per message, each with `build(message) -> bytes` and `parse(bytes) -> message`:
`pain001` credit transfers, `pain002` their status, `camt054` bookings as they happen, `camt053` the day's statement.
Pure: no framework, no clock, no network. Strings and lxml are used directly; pyiso20022 reads the same messages in the
tests as an independent witness (through its object layer one message costs about 1 ms each way, here 0.1 ms).
"""
