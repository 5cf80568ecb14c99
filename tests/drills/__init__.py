"""What an operator does once in a while and under pressure: docs/operate.md written as code.

`make drills` runs them in a world of real processes: on the RabbitMQ of Debian's package where that is installed
(BROKER=redis for Valkey). `make test` runs those of the broker.

    brokers     work by queue; a broker that is lost and replaced by an empty one; a worker that is asked to end
    secrets     every secret is changed while people and machines go on
    upgrades    two versions side by side: migrated and exchanged under requests of which none may fail
    restores    the database server is lost with the last minutes: base backup, log, and what the bank knows better
    rabbit      a RabbitMQ of our own, never the system's service
"""
