"""Measures of speed, each against hand-written SQL that does the same work on the same server in the same run.

`make bench` runs all of them and writes var/bench.json; `make bench ONLY=ledger_single` those whose names begin so.

    financings   a rush of applications, decided, booked and instructed
    ledger       entries one at a time, and in bulk
    latency      one quote, one decision, and how many statements each takes
    growth       a quote and its decision at a million receivables
    load         ten applications a second through the HTTP API; what each process holds in memory
    hordak       the ledger beside which ours is measured
    floor        the hand-written SQL
    crowded      pages, the API and news in a world full of everything, in a process of its own:
    many           a million receivables and a hundred thousand advances, by SQL
    pages          the slowest page of all
    api            a list of the API against a bare Django view (served, urls: what the web process has beside ours)
    live           from the commit of an event to 200 browsers
    stage        the parties, their trade and what waits to be decided
    crowd        the real processes that do the work
    figures      what was measured, how it is paired, written and shown
"""
