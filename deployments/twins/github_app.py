"""GitHub's twin, the part about an App: it looks at who signed, and gives tokens that end.

By docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App": RS256, `exp` at most ten minutes ahead.
"""

from __future__ import annotations

import datetime
import functools
import secrets
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deployments.twins.github_ground import GithubGround
from deployments.twins.github_state import NAME
from deployments.twins.server import VendorError, route
from deployments.twins.wire import Reply, Request

APP_ID = "123456"
INSTALLATION = 12345678
LONGEST_SECONDS = 600
TOKEN_SAID = "A JSON web token could not be decoded"


class GithubAppCalls(GithubGround):
    """One App with one installation in the one repository. `app_key` is its private key, as in GitHub's .pem file."""

    @property
    def app_key(self) -> str:
        """Made once for a process: that takes a tenth of a second."""
        pem = _key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        return pem.decode()

    @route("POST", "/app/installations/{installation_id}/access_tokens", "apps/create-installation-access-token")
    def create_installation_token(self, request: Request) -> Reply:
        """What it may is what the state says of every token; it ends with the whole second, as it is written."""
        check_signature(request.bearer)
        if request.values["installation_id"] != str(INSTALLATION):
            raise VendorError(404, "", "Not Found")
        if self.state.is_suspended:
            raise VendorError(403, "", "This installation has been suspended")
        self._check_repositories(request.data or {})
        ends = int(time.time() + self.state.token_seconds)
        token = f"ghs_{secrets.token_hex(18)}"
        self.state.tokens[token] = float(ends)
        may = {"metadata": "read", **dict.fromkeys(sorted(self.state.may_write), "write")}
        when = f"{datetime.datetime.fromtimestamp(ends, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        facts = {"permissions": may, "repository_selection": "selected"}
        return Reply(201, {"token": token, "expires_at": when, **facts})

    def _check_repositories(self, asked: dict[str, Any]) -> None:
        if asked.get("repositories", [NAME]) != [NAME]:
            said = (
                "There is at least one repository that does not exist or is not accessible to the parent installation."
            )
            raise VendorError(422, "", said)


def check_signature(token: str) -> None:
    """Raises VendorError unless it is the App's own, made just now for a few minutes."""
    try:
        claims = jwt.decode(
            token, _key().public_key(), ["RS256"], options={"require": ["exp", "iat", "iss"], "verify_iss": False}
        )
    except jwt.ImmatureSignatureError:
        raise VendorError(401, "", "'Issued at' claim ('iat') must be an Integer in the past") from None
    except jwt.InvalidTokenError:
        raise VendorError(401, "", TOKEN_SAID) from None
    if claims["exp"] > time.time() + LONGEST_SECONDS:
        raise VendorError(401, "", "'Expiration time' claim ('exp') is too far in the future")
    if claims["iss"] != APP_ID:
        raise VendorError(401, "", "Integration not found")


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
