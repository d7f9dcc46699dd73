"""Single sign-on by OpenID Connect: the authorization code flow with PKCE, state and nonce.

Protocol rules are authlib's, signatures joserfc's; the transport is our own client, as authlib's
takes another library wherever that happens to be installed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, Final

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from models.clock import business_now
from models.errors import Refusal
from models.org import Account, Person
from models.settings import OidcSettings

DONE: Final = "/sign-in/sso/done"
KEPT_SECONDS: Final = 3600
LEEWAY_SECONDS: Final = 60
SIGNED_BY: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a key pair alone: our client secret signs nothing."""
STRONG: Final = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face", "pop", "sc"})
"""What `amr` says where the provider asked for more than a password (RFC 8176)."""


@dataclass(frozen=True)
class Provider:
    """What the provider says of itself, and its keys."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    keys: KeySet
    read_at: float


class SingleSignOn:
    """Sends people to the provider and understands what they come back with."""

    def __init__(self, settings: OidcSettings, base_url: str) -> None:
        self.settings = settings
        self.returns_to = base_url.rstrip("/") + DONE
        self._known: Provider | None = None

    async def begin(self, onward: str) -> tuple[str, dict[str, str]]:
        """Return the provider's address, and what the browser keeps until it comes back.

        Raises:
            Refusal: `sso-away`.
        """
        provider = await self._provider()
        errand = {
            "state": secrets.token_urlsafe(24),
            "nonce": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48),
            "onward": onward,
        }
        address = prepare_grant_uri(
            provider.authorization_endpoint,
            client_id=self.settings.client_id,
            response_type="code",
            redirect_uri=self.returns_to,
            scope=self.settings.scopes,
            state=errand["state"],
            nonce=errand["nonce"],
            code_challenge=create_s256_code_challenge(errand["verifier"]),
            code_challenge_method="S256",
        )
        return str(address), errand

    async def claims(self, query: Mapping[str, str], errand: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what the provider says of who comes back.

        Raises:
            Refusal: `sso-forged` where it is not the errand of this browser; `sso-refused`; `sso-away`.
        """
        state = errand.get("state", "")
        if not state or not secrets.compare_digest(state.encode(), query.get("state", "").encode()):
            raise Refusal("sso-forged")
        if query.get("iss", self.settings.issuer).rstrip("/") != self.settings.issuer.rstrip("/"):
            raise Refusal("sso-forged")
        if not query.get("code"):
            raise Refusal("sso-refused")
        provider = await self._provider()
        answer = await self._asked(
            "POST",
            provider.token_endpoint,
            auth=(self.settings.client_id, self.settings.client_secret.get_secret_value()),
            data={
                "grant_type": "authorization_code",
                "code": query["code"],
                "redirect_uri": self.returns_to,
                "client_id": self.settings.client_id,
                "code_verifier": errand.get("verifier", ""),
            },
        )
        return await self._understood(provider, answer, errand.get("nonce", ""))

    async def _understood(self, provider: Provider, answer: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        token = str(answer.get("id_token", ""))
        try:
            try:
                read = jwt.decode(token, provider.keys, algorithms=SIGNED_BY)
            except (JoseError, ValueError):  # Perhaps the provider has new keys.
                read = jwt.decode(token, (await self._provider(anew=True)).keys, algorithms=SIGNED_BY)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": provider.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                    "exp": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                {
                    "nonce": nonce,
                    "client_id": self.settings.client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(now=int(time()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError) as wrong:
            raise Refusal("sso-refused") from wrong
        return dict(claims)

    async def _provider(self, *, anew: bool = False) -> Provider:
        known = self._known
        if known and not anew and monotonic() - known.read_at < KEPT_SECONDS:
            return known
        issuer = self.settings.issuer.rstrip("/")
        described = await self._asked("GET", f"{issuer}/.well-known/openid-configuration")
        if str(described.get("issuer", "")).rstrip("/") != issuer:
            raise Refusal("sso-away")
        try:
            keys = await self._asked("GET", str(described["jwks_uri"]))
            self._known = Provider(
                issuer=str(described["issuer"]),
                authorization_endpoint=str(described["authorization_endpoint"]),
                token_endpoint=str(described["token_endpoint"]),
                keys=KeySet.import_key_set({"keys": keys["keys"]}),
                read_at=monotonic(),
            )
        except (KeyError, ValueError, JoseError) as wrong:
            raise Refusal("sso-away") from wrong
        return self._known

    async def _asked(self, method: str, address: str, **asked: Any) -> Mapping[str, Any]:
        """Ask the provider for a document.

        Raises:
            Refusal: `sso-refused` where it refuses (4xx), `sso-away` where it does not answer.
        """
        try:
            async with httpx.AsyncClient(timeout=self.settings.timeout_seconds, follow_redirects=False) as client:
                answer = await client.request(method, address, **asked)
            if 400 <= answer.status_code < 500 and method == "POST":
                raise Refusal("sso-refused")
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as trouble:
            raise Refusal("sso-away") from trouble
        if not isinstance(document, dict):
            raise Refusal("sso-away")
        return document


def is_strong(claims: Mapping[str, Any]) -> bool:
    """Say whether the provider itself asked for a second factor."""
    told = claims.get("amr")
    return isinstance(told, list) and bool(STRONG & {str(one) for one in told})


async def person_told(
    database: AsyncSession, settings: OidcSettings, claims: Mapping[str, Any]
) -> tuple[Person, Account | None]:
    """Return the person that a provider's claims mean, with their account if they have one.

    Raises:
        Refusal: `sso-unknown`, `sso-ambiguous`, `sso-unverified`, `sso-claim-missing`.
    """
    told = str(claims.get(settings.claim) or "").strip()
    if not told:
        raise Refusal("sso-claim-missing", claim=settings.claim)
    if settings.matches == "email":
        if claims.get("email_verified") is False:
            raise Refusal("sso-unverified", who=told)
        same = func.lower(col(Person.email)) == told.lower()
    else:
        same = col(Person.staff_no) == told
    wanted = (
        select(Person, Account).outerjoin(Account, col(Account.person_id) == col(Person.id)).where(same).limit(50)
    )
    if settings.company:
        wanted = wanted.where(col(Person.company_id) == settings.company)
    today = (await business_now(database)).date()
    found = [
        row for row in (await database.exec(wanted)).all() if row[0].left_on is None or row[0].left_on > today
    ]
    if not found:
        raise Refusal("sso-unknown", who=told)
    if len(found) > 1:
        raise Refusal("sso-ambiguous", who=told)
    return found[0]


async def free_user_name(database: AsyncSession, person: Person) -> str:
    """Return a user name for who has no account: mail address, else staff number, else the id."""
    wishes = [wish for wish in (person.email, person.staff_no, person.id) if wish]
    taken = await database.exec(select(Account.user_name).where(col(Account.user_name).in_(wishes)))
    known = set(taken.all())
    return next(wish for wish in [*wishes, f"{person.id}-{secrets.token_hex(4)}"] if wish not in known)
