"""Organisations, people, and the machines that act for them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.clients.models import ClientSecret, IdempotencyKey, PartyClient, Window
from accounts.clients.services import remove_client
from accounts.parties import shutting_out
from accounts.parties.models import BeneficialOwner, BusinessVerification, Membership, Party, User
from accounts.parties.services import end_membership
from portal.backoffice.acts import Act
from portal.backoffice.base import ReadOnly
from portal.backoffice.filters import choice, party, period, yes_or_no
from portal.backoffice.site import site


def _suspend(actor, row: Party, now, reason: str) -> None:
    shutting_out.suspend_party(actor=actor, party_id=row.pk, reason=reason, now=now)


def _resume(actor, row: Party, now, reason: str) -> None:
    shutting_out.resume_party(actor=actor, party_id=row.pk, now=now)


def _deactivate(actor, row: User, now, reason: str) -> None:
    shutting_out.deactivate_user(actor=actor, user_id=row.pk, now=now)


def _reactivate(actor, row: User, now, reason: str) -> None:
    shutting_out.reactivate_user(actor=actor, user_id=row.pk, now=now)


def _sign_out(actor, row: User, now, reason: str) -> str:
    ended = shutting_out.end_sessions(actor=actor, user_id=row.pk, now=now)
    return ngettext("{n} session ended.", "{n} sessions ended.", ended).format(n=ended)


def _end_membership(actor, row: Membership, now, reason: str) -> None:
    end_membership(actor=actor, membership_id=row.pk, now=now)


def _remove_client(actor, row: PartyClient, now, reason: str) -> None:
    remove_client(actor=actor, client_id=row.client_id, now=now)


@admin.register(Party, site=site)
class Parties(ReadOnly):
    columns = ("name", "kind", "country", "registration_number", "external_reference", "status", "created_at")
    search_fields = ("name", "registration_number", "external_reference")
    list_filter = (choice("kind"), choice("status"), period("created_at"))
    date_hierarchy = "created_at"
    acts = (
        Act(
            "suspend", _("Suspend"), "parties.shut_out", _suspend, tone="danger",
            fits=lambda row: row.may_become(Party.Status.SUSPENDED) and row.kind != Party.Kind.OPERATOR,
            warning=_("Nothing more is financed for them until somebody else resumes them. What was lent stays."),
            reason=_("Why? The party reads it. Name no people."),
        ),
        Act(
            "resume", _("Resume"), "parties.let_in", _resume,
            fits=lambda row: row.status == Party.Status.SUSPENDED,
            warning=_("They can be financed again at once."),
        ),
    )  # fmt: skip


@admin.register(User, site=site)
class Users(ReadOnly):
    columns = ("email", "full_name", "is_active", "language", "date_joined", "last_login")
    search_fields = ("email", "full_name", "memberships__party__name")
    search_help_text = _("E-mail, name, or party")
    list_filter = (yes_or_no("is_active"), period("date_joined"), period("last_login"))
    date_hierarchy = "date_joined"
    hidden = ("password",)
    acts = (
        Act(
            "deactivate", _("Shut out"), "parties.shut_out", _deactivate, tone="danger",
            fits=lambda row: row.is_active,
            warning=_("They are signed out everywhere and cannot sign in again, until somebody else lets them in."),
        ),
        Act(
            "reactivate", _("Let in again"), "parties.let_in", _reactivate,
            fits=lambda row: not row.is_active,
            warning=_("They can sign in again, and act for every party that has not ended their membership."),
        ),
        Act(
            "sign_out", _("Sign out everywhere"), "parties.shut_out", _sign_out,
            warning=_("Their sessions end at once. They may sign in again."),
        ),
    )  # fmt: skip


@admin.register(Membership, site=site)
class Memberships(ReadOnly):
    columns = ("id", "user", "party", "role", "created_at", "ended_at")
    search_fields = ("user__email", "user__full_name", "party__name")
    list_filter = (choice("role"), party("party"), ("ended_at", admin.EmptyFieldListFilter), period("created_at"))
    acts = (
        Act(
            "end", _("End the membership"), "parties.shut_out", _end_membership, tone="danger",
            fits=lambda row: row.ended_at is None,
            warning=_("They act for this party in this role no more, from now on."),
        ),
    )  # fmt: skip


@admin.register(BusinessVerification, site=site)
class BusinessVerifications(ReadOnly):
    columns = ("id", "party", "legal_name", "status", "screening", "submitted_at", "decided_at", "expires_on")
    search_fields = ("legal_name", "registration_number", "party__name")
    list_filter = (choice("status"), choice("screening"), party("party"), period("submitted_at"), period("expires_on"))
    date_hierarchy = "submitted_at"


@admin.register(BeneficialOwner, site=site)
class BeneficialOwners(ReadOnly):
    columns = ("full_name", "country", "share_percent", "verification")
    search_fields = ("full_name", "verification__legal_name")


@admin.register(PartyClient, site=site)
class PartyClients(ReadOnly):
    columns = ("id", "client", "party", "role", "created_at")
    search_fields = ("=client__id", "client__name", "party__name")
    list_filter = (choice("role"), party("party"), period("created_at"))
    acts = (
        Act(
            "remove", _("Remove the client"), "parties.shut_out", _remove_client, tone="danger",
            warning=_("The machine is shut out at once: its tokens end, and its secret is worth nothing any more."),
        ),
    )  # fmt: skip


@admin.register(ClientSecret, site=site)
class ClientSecrets(ReadOnly):
    """How many a machine has, and when each was last used; never what it is."""

    columns = ("id", "party_client", "created_at", "expires_at", "last_used_at")
    search_fields = ("=party_client__client__id", "party_client__client__name", "party_client__party__name")
    list_filter = (period("expires_at"), period("last_used_at"))
    hidden = ("digest",)


@admin.register(Window, site=site)
class Windows(ReadOnly):
    """How many requests each machine made lately."""

    columns = ("name", "began_at", "taken")
    search_fields = ("name",)


@admin.register(IdempotencyKey, site=site)
class IdempotencyKeys(ReadOnly):
    """Without the answers: one that made a client tells its secret."""

    columns = ("id", "party", "key", "status_code", "created_at")
    search_fields = ("=key", "party__name")
    list_filter = (party("party"), period("created_at"))
    hidden = ("answer",)
