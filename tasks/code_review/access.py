"""The way in to where the code is reviewed, made when it is first used: a secret that is missing stops no release."""

from __future__ import annotations

from typing import cast

from pydantic import SecretStr

from infra.code_review import CodeReview
from infra.environment import Environment, load_environment
from infra.environment.secret import is_placeholder, read_secret
from infra.errors import BadInput
from infra.platform import code_review_of
from infra.redaction import remember_secrets

FIELD = "github.token"
KEY_FIELD = "github.private_key"
BLOCK = "block:github-credentials/"


class Reviewer:
    """Of one environment, for one release. `may_check` is False once it is known that we may write no checks."""

    def __init__(self, environment: str) -> None:
        self.may_check = True
        self._environment = environment
        self._review: CodeReview | None = None

    def review(self) -> CodeReview:
        """Raises BadInput when the table, the token or the App's key is missing or wrong."""
        if self._review is None:
            settings = load_environment(self._environment)
            found = code_review_of(settings, opener_of(settings))
            if found is None:
                raise BadInput("github", f"is not in {self._environment}.toml any more", "see example.toml")
            self._review = found
        return self._review


def opener_of(environment: Environment) -> SecretStr:
    """The token of `[github]`, or the private key of its App, out of a variable or of a block of Prefect's; redacted
    from now on.

    Raises BadInput when there is none, or only a placeholder; for a block also what asking for it may raise.
    """
    if environment.github and environment.github.is_app:
        return read_secret(KEY_FIELD, environment.github.private_key)
    named = environment.github.token if environment.github else ""
    return _of_block(named.removeprefix(BLOCK)) if named.startswith(BLOCK) else read_secret(FIELD, named)


def _of_block(name: str) -> SecretStr:
    # It takes a second to import, which only those pay who name a block.
    from prefect_github import GitHubCredentials

    how = f"make it: Prefect's UI, Blocks, GitHub Credentials, named {name}"
    try:
        # Loaded in a thread that has no event loop, it answers at once, whatever its type says.
        block = cast(GitHubCredentials, GitHubCredentials.load(name))
    except ValueError as error:
        raise BadInput(FIELD, f"the block {name} cannot be loaded: {error}", how) from error
    value = block.token.get_secret_value() if block.token else ""
    if is_placeholder(value):
        raise BadInput(FIELD, f"the block {name} holds no token", how)
    remember_secrets([value])
    return SecretStr(value)
