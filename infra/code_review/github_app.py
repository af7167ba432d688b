"""A GitHub App at one repository: it signs with its key, and keeps the installation's token, which lives an hour.

A token is renewed minutes before it ends, by GitHub's own clock; `forget` is for one that GitHub refuses before that.
"""

from __future__ import annotations

import email.utils
import threading
import time

import httpx
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from infra.code_review.github_calls import HEADERS, INSTALLATION_TOKEN
from infra.code_review.github_records import InstallationToken
from infra.environment.vendors_code import Github
from infra.errors import BadInput, PipelineError, Rejected, Unknown
from infra.http import Answer, Api, Limited, Refused
from infra.http.errors import refused
from infra.redaction import remember_secrets

# docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App": `iat` a minute ago, as clocks differ, and `exp`
# at most ten minutes ahead, by GitHub's clock.
BACKDATED_SECONDS = 60
LIVES_SECONDS = 540
RENEWED_BEFORE_SECONDS = 300.0
FIELD = "github.private_key"
HOW = "generate one in the App's settings and put the whole text of its .pem file where private_key points"


class GithubApp:
    """The App that `[github]` names. Raises BadInput for a key that is none.

    Safe for threads: one of them asks, the others wait for what it gets.
    """

    def __init__(self, settings: Github, private_key: SecretStr, api: Api) -> None:
        self._settings, self._api = settings, api
        self._key = _rsa_key(private_key)
        self._lock = threading.Lock()
        self._token: SecretStr | None = None
        self._renewal = 0.0

    def token(self) -> SecretStr:
        """One that lives for some minutes more. Raises Rejected, Limited, Unreachable, Unknown."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._renewal:
                # Apart from the wall clock of this machine, which may be set meanwhile.
                asked = time.monotonic()
                found, seconds = self._made()
                self._token = found.token
                self._renewal = asked + seconds - min(RENEWED_BEFORE_SECONDS, seconds / 2)
            return self._token

    def forget(self, token: SecretStr) -> None:
        """GitHub takes this one no longer, whatever its time says: the next is a new one."""
        with self._lock:
            if self._token == token:
                self._token = None

    def ask_token(self) -> InstallationToken:
        """A new one, for this repository only, as GitHub gives it: with the rights that it has."""
        return self._made()[0]

    def _made(self) -> tuple[InstallationToken, float]:
        """A new token, and the seconds that GitHub gives it."""
        answer = self._asked()
        if answer.status >= 400:
            no = refused(INSTALLATION_TOKEN, answer.response)
            raise Rejected(no.message, self._fix(answer.response))
        found = _read(answer)
        remember_secrets([found.token.get_secret_value()])
        return found, found.expires_at.timestamp() - _time_of(answer.response)

    def _asked(self) -> Answer:
        """A no is a Rejected without a status: it says nothing of what the token was to be used for."""
        try:
            return self._api.ask(
                INSTALLATION_TOKEN,
                {"installation_id": str(self._settings.installation)},
                body={"repositories": [self._settings.name]},
                headers={**HEADERS, "Authorization": f"Bearer {self._signed()}"},
                accept=(401, 404, 422),
            )
        except Limited:
            raise
        except Refused as no:
            raise Rejected(no.message, f"look at the App's installation in {self._settings.owner}: {no.hint}") from no

    def _signed(self) -> str:
        """Who we are, for some minutes: a JSON Web Token (RFC 7519) signed with RS256."""
        now = int(time.time())
        claims = {"iat": now - BACKDATED_SECONDS, "exp": now + LIVES_SECONDS, "iss": self._settings.app_id}
        signed = jwt.encode(claims, self._key, algorithm="RS256")
        remember_secrets([signed])
        return signed

    def _fix(self, answer: httpx.Response) -> str:
        app, installation = self._settings.app_id, self._settings.installation
        if answer.status_code == 404:
            where = f"App {app} has no installation {installation} at {self._settings.api}"
            return f"{where}: its number ends the address of the installation's page"
        if answer.status_code == 422:
            return f"give installation {installation} of App {app} the repository {self._settings.repository}"
        ahead = time.time() - _time_of(answer)
        clock = (
            f"; this machine's clock is {ahead:+.0f} s from GitHub's: set it" if abs(ahead) > BACKDATED_SECONDS else ""
        )
        return f"the private key must be one of App {app}{clock}"


def _read(answer: Answer) -> InstallationToken:
    """Raises Unknown without a word of the answer: the token may be in what cannot be read."""
    try:
        return answer.read(InstallationToken)
    except PipelineError:
        message = f"{INSTALLATION_TOKEN.name} answered {answer.status} with no token and end that can be read"
        raise Unknown(message, "is `api` of [github] the address of GitHub's REST API? ask again") from None


def _rsa_key(private_key: SecretStr) -> RSAPrivateKey:
    """Raises BadInput, without a word of what it was given."""
    # A variable of one line has the two characters \n where the file has an end of line.
    text = private_key.get_secret_value().replace("\\n", "\n").strip()
    remember_secrets([text])
    try:
        found = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInput(FIELD, "is no private key in PEM that is open to be read", HOW) from None
    if not isinstance(found, RSAPrivateKey):
        raise BadInput(FIELD, "is a key, but not an RSA key as GitHub makes them", HOW)
    return found


def _time_of(answer: httpx.Response) -> float:
    """What GitHub's clock said when it answered; ours where it does not say."""
    try:
        return email.utils.parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except ValueError:
        return time.time()
