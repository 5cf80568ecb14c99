"""Proof that nothing is lost and nothing happens twice: real processes, killed and lied to at random moments.

`make faults` runs rounds of the same business under random disturbances, each from a seed that it prints, and compares
what came of it with an undisturbed run. `make faults RUNS=100`, `make faults SEED=4711 RUNS=1` for one again.

    lives          what suppliers, platform and funder do in a round: the business
    patient        machines that ask again until they are answered, and looks that outlive a database
    disturbances   what is done to the processes meanwhile
    scenarios      faults that have a story of their own: a poisoned event, a full disk, a clock set back, a long outage
    soundness      what has to be true afterwards, by queries that anyone can read (invariants.sql)
    export         what came of a round, without numbers and clock times: equal to that of an undisturbed run
"""
