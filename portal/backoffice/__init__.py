"""The back office: every row of the portal to read, search and export, for the operator; and what the operator may do.

Nothing is added, changed or deleted here: every act calls a service, with its actor and the time.
"""
