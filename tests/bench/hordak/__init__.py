"""django-hordak, the double-entry package of Django's world, on the same server: a ledger to be compared with.

project   what runs in an environment of its own, without anything of the portal
beside    making that environment and its database, and measuring
"""
