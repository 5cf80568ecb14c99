"""Which rows the database shows to whom: machines to their party; how requests are counted and kept to nobody."""

from portal.shared.wall import ME, NO_PARTY, Shown, along_with, to_all

SHOWN = {
    "clients_partyclient": to_all(f"party_id = {ME}"),
    "clients_clientsecret": along_with("clients_clientsecret", "clients_partyclient", by="party_client_id"),
    "clients_idempotencykey": NO_PARTY,
    "clients_window": NO_PARTY,
    "allauth_idp_oidc_client": along_with("allauth_idp_oidc_client", "clients_partyclient", by="id", key="client_id"),
    "allauth_idp_oidc_token": Shown(operator="false"),
}
