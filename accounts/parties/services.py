"""Who may be a party, who may act for it, and how it is verified (KYB)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.parties.models import BeneficialOwner, BusinessVerification, Membership, Party, User
from accounts.parties.queries import operators
from accounts.parties.second import companies_of, require_seasoned
from accounts.trail.services import News, record
from portal.shared import wall
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import Forbidden, InvalidInput, NotFound, OwnWork, RuleViolation
from portal.shared.names import leads_away, plain

VERIFICATION_YEARS = 1
OWNS_FROM_PERCENT = 25
NAME_AT_MOST = 140
ADMITS = "parties.decide_verification"


@dataclass(frozen=True, slots=True)
class Owner:
    """A beneficial owner as declared; `share_percent` between 25 and 100."""

    full_name: str
    country: str
    share_percent: Decimal


def register_party(*, actor: Actor, kind: str, name: str, country: str, now: datetime, **known) -> Party:
    """Enter an organisation that is not verified yet. `known`: registration_number, external_reference, time_zone.

    Raises InvalidInput (TIME_ZONE_UNKNOWN, PARTY_NAME_INVALID, REGISTRATION_NUMBER_MISSING, NUMBER_OF_NO_PLATFORM)
    and, where it is here already, IntegrityError.
    """
    if kind == Party.Kind.SUPPLIER and known.get("external_reference"):
        raise InvalidInput(
            "A supplier's number belongs to one platform: its trade file names the supplier by it, or the supplier "
            "names it to the platform.", code="NUMBER_OF_NO_PLATFORM",
        )  # fmt: skip
    _check_time_zone(known.get("time_zone", "UTC"))
    name = _checked_name(name)
    if known.get("registration_number"):
        _check_number(known["registration_number"])
    with acting(actor):
        party = Party.objects.create(kind=kind, name=name, country=country, created_at=now, **known)
        record(actor, now, [News("party.registered", party, (party.id,), {"kind": kind})])
        return party


def enter_party(*, actor: Actor, kind: str, name: str, country: str, now: datetime, **known) -> Party:
    """The operator enters an organisation. Raises Forbidden, InvalidInput (PARTY_EXISTS)."""
    with acting(actor):
        require(actor, "parties.register")
        try:
            return register_party(actor=actor, kind=kind, name=name, country=country, now=now, **known)
        except IntegrityError:
            raise InvalidInput("A party with this number is already here.", code="PARTY_EXISTS") from None


class EmailUnconfirmed(RuleViolation):
    """Anybody can sign up with another's address: what is told of the company would go there."""

    code, status = "EMAIL_UNCONFIRMED", 403
    sentence = "Confirm your e-mail address first. Nothing was registered."


@wall.inside()  # asked before there is a party
def unconfirmed_address(user: User) -> str:
    """The address that a person signed up with and has not confirmed; empty where one is confirmed or none is asked."""
    addresses = list(EmailAddress.objects.filter(user=user).order_by("-primary", "id"))
    return addresses[0].email if addresses and not any(each.verified for each in addresses) else ""


def register_supplier(*, user: User, name: str, country: str, registration_number: str, now: datetime) -> Party:
    """A supplier signs itself up; whoever does it becomes its administrator.

    Raises EmailUnconfirmed, InvalidInput (PARTY_EXISTS).
    """
    if unconfirmed_address(user):
        raise EmailUnconfirmed()
    number = " ".join(registration_number.split())
    _check_number(number)
    actor = Actor(None, Party.Kind.SUPPLIER, frozenset(), user_id=user.id)
    with acting(actor):
        if Party.objects.filter(kind=Party.Kind.SUPPLIER, country=country).registered_as(number).exists():
            raise _supplier_exists()
        try:
            party = register_party(
                actor=actor, kind=Party.Kind.SUPPLIER, name=name, country=country, now=now, registration_number=number
            )
        except IntegrityError:  # another signed the same company up at this moment
            raise _supplier_exists() from None
        Membership.objects.create(user=user, party=party, role=Membership.Role.ADMIN, created_at=now)
        return party


def edit_party(*, actor: Actor, party_id: int, time_zone: str, now: datetime) -> Party:
    """The zone in which a party's days begin and end. Name and number stay as they were verified.

    Raises NotFound, Forbidden, InvalidInput (TIME_ZONE_UNKNOWN).
    """
    with acting(actor):
        _own_party(actor, party_id)
        require(actor, "parties.edit")
        _check_time_zone(time_zone)
        party = Party.objects.select_for_update(no_key=True).get(id=party_id)
        if party.time_zone != time_zone:
            facts = {"time_zone": time_zone, "before": party.time_zone}
            party.time_zone = time_zone
            party.save(update_fields=["time_zone"])
            record(actor, now, [News("party.edited", party, (party.id,), facts, True)])
        return party


def end_membership(*, actor: Actor, membership_id: int, now: datetime) -> Membership:
    """Take a role away: the party's own administrators do, and the operator does for any party.

    The last administrator stays: nobody could let anyone in again.
    """
    with acting(actor):
        member = (
            Membership.objects.select_for_update(no_key=True, of=("self",))
            .filter(id=membership_id, ended_at=None, party__in=Party.objects.visible_to(actor))
            .first()
        )
        if member is None:
            raise NotFound()
        require_to_end(actor, member.party_id)
        # One lock for all of the party's administrators: two who remove each other at once would leave none.
        Party.objects.select_for_update(no_key=True).get(id=member.party_id)
        others = Membership.objects.filter(
            party=member.party_id, role=Membership.Role.ADMIN, ended_at=None, user__is_active=True
        ).exclude(id=member.id)
        if member.role == Membership.Role.ADMIN and not others.exists():
            raise InvalidInput("Somebody has to remain administrator.", code="LAST_ADMINISTRATOR")
        member.ended_at = now
        member.save(update_fields=["ended_at"])
        news = {"user": member.user_id, "role": member.role}
        record(actor, now, [News("party.member_removed", member.party, (member.party_id,), news, True)])
        return member


def choose_language(*, user: User, language: str) -> User:
    """The language in which a person reads pages and is written to."""
    user.language = language
    user.save(update_fields=["language"])
    return user


def call_oneself(*, user: User, full_name: str) -> User:
    """The name by which colleagues know a person."""
    user.full_name = full_name
    user.save(update_fields=["full_name"])
    return user


def require_to_end(actor: Actor, party_id: int) -> None:
    """Who may end what acts for a party: its own administrators, and from outside the operator. Others find nothing."""
    if actor.is_system or party_id == actor.party_id:
        require(actor, "parties.manage_members")
    elif actor.party_kind == Party.Kind.OPERATOR:
        require(actor, "parties.shut_out")
    else:
        raise NotFound()


def submit_verification(
    *, actor: Actor, party_id: int, legal_name: str, registration_number: str, country: str, address: str,
    owners: list[Owner], now: datetime,
) -> BusinessVerification:  # fmt: skip
    """The party says who it is and who owns it. One verification is open at a time.

    Raises InvalidInput (VERIFICATION_OPEN, OWNER_SHARE_INVALID, OWNERS_ABOVE_WHOLE, PARTY_NAME_INVALID,
    REGISTRATION_NUMBER_MISSING).
    """
    with acting(actor):
        party = Party.objects.select_for_update(no_key=True).visible_to(actor).filter(id=party_id).first()
        if party is None or not (actor.is_system or party.id == actor.party_id):
            raise NotFound()
        require(actor, "parties.submit_verification")
        open_states = [BusinessVerification.Status.SUBMITTED, BusinessVerification.Status.SCREENED]
        if party.verifications.filter(status__in=open_states).exists():
            raise InvalidInput("A verification is already under way.", code="VERIFICATION_OPEN")
        _check_owners(owners)
        legal_name = _checked_name(legal_name)
        _check_number(registration_number)
        verification = BusinessVerification(
            party=party,
            legal_name=legal_name,
            registration_number=registration_number,
            country=country,
            address=address,
        )
        verification.move_to(BusinessVerification.Status.SUBMITTED)
        verification.submitted_at = now
        verification.save()
        BeneficialOwner.objects.bulk_create(
            BeneficialOwner(
                verification=verification, full_name=o.full_name, country=o.country, share_percent=o.share_percent
            )
            for o in owners
        )
        record(actor, now, [News("verification.submitted", verification, (party.id, *operators()))])
        return verification


def screen(*, actor: Actor, verification_id: int, clear: bool, note: str, now: datetime) -> BusinessVerification:
    """Record what the screening against sanctions and adverse media found: the maker's part."""
    with acting(actor):
        verification = _verification(actor, verification_id)
        _require_person(actor, "parties.screen")
        _refuse_own_party(actor, verification)
        verification.move_to(BusinessVerification.Status.SCREENED)
        verification.screening = BusinessVerification.Screening.CLEAR if clear else BusinessVerification.Screening.HIT
        verification.screening_note, verification.screened_at, verification.screened_by_id = note, now, actor.user_id
        verification.save()
        # Only operators: a party that hears of a hit is warned.
        record(actor, now, [News("verification.screened", verification, operators(), internal=True)])
        return verification


def decide_verification(
    *, actor: Actor, verification_id: int, approve: bool, note: str, today: date, now: datetime
) -> BusinessVerification:
    """The checker's part: admits the party under the name and number that were verified, or not.

    Raises OwnWork, LetInLately, InvalidInput (SCREENING_NOT_CLEAR, PARTY_EXISTS where another party has the number).
    """
    with acting(actor):
        verification = _verification(actor, verification_id)
        _require_person(actor, ADMITS)
        if verification.screened_by_id == actor.user_id:
            raise OwnWork()
        _refuse_own_party(actor, verification)
        if approve:
            require_seasoned(actor, ADMITS, now, maker=f"user:{verification.screened_by_id or 0}")
        states = BusinessVerification.Status
        if approve and verification.screening != BusinessVerification.Screening.CLEAR:
            raise InvalidInput("The screening is not clear, so this cannot be approved.", code="SCREENING_NOT_CLEAR")
        verification.move_to(states.APPROVED if approve else states.REJECTED)
        verification.decided_at, verification.decided_by_id, verification.decision_note = now, actor.user_id, note
        party = verification.party
        if approve:
            verification.expires_on = _years_later(today, VERIFICATION_YEARS)
            if party.status != Party.Status.ADMITTED:
                party.move_to(Party.Status.ADMITTED)
                party.save(update_fields=["status"])
        verification.save()
        name = "verification.approved" if approve else "verification.rejected"
        renamed = _take_over(party, verification) if approve else []
        record(actor, now, [*renamed, News(name, verification, (party.id, *operators()))])
        return verification


def _take_over(party: Party, verification: BusinessVerification) -> list[News]:
    """The party bears the name and number that were verified, not what somebody typed when it signed up."""
    verified = {each: getattr(verification, each) for each in ("registration_number", "country")}
    verified["name"] = verification.legal_name
    changed = {each: value for each, value in verified.items() if value != getattr(party, each)}
    if not changed:
        return []
    before = {f"{each}_before": getattr(party, each) for each in verified}
    for each, value in changed.items():
        setattr(party, each, value)
    try:
        with transaction.atomic():
            party.save(update_fields=list(changed))
    except IntegrityError:
        raise InvalidInput(
            "Another party is registered under the number {number}. Find out which of them is the company; only one "
            "can be admitted.", code="PARTY_EXISTS", number=verification.registration_number,
        ) from None  # fmt: skip
    return [News("party.renamed", party, (party.id, *operators()), before | verified)]


def _refuse_own_party(actor: Actor, verification: BusinessVerification) -> None:
    """Whoever belongs to a company does not verify it, whatever party they act for. Nobody is above the operator."""
    if verification.party.kind == Party.Kind.OPERATOR:
        return
    if verification.party_id in companies_of(actor):
        raise OwnWork("You belong to this company, so somebody else has to verify it.")


def _years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _check_time_zone(name: str) -> None:
    """A zone that nobody knows would fail every page of the party."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput("'{name}' is no time zone.", code="TIME_ZONE_UNKNOWN", name=name[:40]) from None


def _checked_name(given: str) -> str:
    """Refused where it cannot be read or told apart: no letter, something that nobody sees, longer than any register's.

    Or where it is a link: others get it in letters.
    """
    name = plain(given)
    if name is None or leads_away(name):
        raise InvalidInput(
            "A company's name holds no links, and nothing that cannot be seen.", code="PARTY_NAME_INVALID"
        )
    if len(name) > NAME_AT_MOST or not any(each.isalpha() for each in name):
        raise InvalidInput(
            "A company has a name with letters, of {most} characters at most.", code="PARTY_NAME_INVALID",
            most=NAME_AT_MOST,
        )  # fmt: skip
    return name


def _check_number(number: str) -> None:
    """Without a letter or digit it says nothing, and all such numbers would be one."""
    if not any(each.isalnum() for each in number):
        raise InvalidInput("Name the number under which the company is registered.", code="REGISTRATION_NUMBER_MISSING")


def _supplier_exists() -> InvalidInput:
    return InvalidInput(
        "A supplier with this registration number is already here. Ask its administrator to let you in.",
        code="PARTY_EXISTS",
    )


def _check_owners(owners: list[Owner]) -> None:
    if any(not OWNS_FROM_PERCENT <= owner.share_percent <= 100 for owner in owners):
        raise InvalidInput("Name those who own from 25 to 100%.", code="OWNER_SHARE_INVALID")
    if sum(owner.share_percent for owner in owners) > 100:
        raise InvalidInput("The owners' shares add up to more than 100%.", code="OWNERS_ABOVE_WHOLE")


def _require_person(actor: Actor, permission: str) -> None:
    """KYB is answered for by two people: a machine that screened could otherwise decide, too."""
    require(actor, permission)
    if actor.user_id is None:
        raise Forbidden(permission=permission)


def _own_party(actor: Actor, party_id: int) -> Party:
    party = Party.objects.visible_to(actor).filter(id=party_id).first()
    if party is None or not (actor.is_system or party.id == actor.party_id):
        raise NotFound()
    return party


def _verification(actor: Actor, verification_id: int) -> BusinessVerification:
    if not (actor.is_system or actor.party_kind == Party.Kind.OPERATOR):
        raise NotFound()
    found = (
        BusinessVerification.objects.select_for_update(no_key=True, of=("self", "party"))
        .select_related("party")
        .filter(id=verification_id)
        .first()
    )
    if found is None:
        raise NotFound()
    return found
