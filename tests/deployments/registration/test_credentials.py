"""Blocks for credentials: registered on a real server, read from there by an environment's file, and never shown."""

from __future__ import annotations

import pytest
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from deployments.registration.credentials import CREDENTIALS, ObjectStoreCredentials, VercelCredentials
from deployments.registration.registry import Registry
from infra.doctor import examine
from infra.doctor.variables import check_variables
from infra.environment import App, Environment, Vercel, blocks
from infra.environment.blocks import remember_server
from infra.environment.secret import read_secret, secret_places
from infra.errors import BadInput, Unreachable
from infra.redaction import redact

pytestmark = pytest.mark.platform
TOKEN, PLAIN = "vercel-T0KEN-never-shown", "app-K3Y-never-shown"


@pytest.fixture
def filled(elsewhere: Environment) -> Environment:
    """An environment whose secrets a person filled in, in the UI."""
    with temporary_settings(updates={PREFECT_API_URL: elsewhere.prefect_url}):
        VercelCredentials(token=SecretStr(TOKEN)).save("acceptance", overwrite=True)
        Secret(value=SecretStr(PLAIN)).save("app-key", overwrite=True)
    vercel = Vercel(project="p", domain="a.example", token="block:vercel-credentials/acceptance")
    app = App(secret_variables={"KEY": "block:secret/app-key"})
    environment = elsewhere.model_copy(update={"vercel": vercel, "app": app})
    for _, place in secret_places(environment.model_dump()):
        remember_server(place, environment.prefect_url)
    return environment


def test_each_credential_has_a_form_that_hides_what_is_typed(elsewhere: Environment) -> None:
    registry = Registry(elsewhere.prefect_url)
    for kind in CREDENTIALS:
        assert registry.find(f"/block_types/slug/{kind.get_block_type_slug()}")
        schema = registry.find(f"/block_schemas/checksum/{kind._calculate_schema_checksum()}")
        assert schema
        assert schema["fields"]["secret_fields"]


def test_a_secret_is_read_from_its_block_and_redacted_from_then_on(filled: Environment) -> None:
    assert filled.vercel
    assert read_secret("vercel.token", filled.vercel.token).get_secret_value() == TOKEN
    assert filled.app.secrets() == {"KEY": PLAIN}
    assert redact(f"{TOKEN} {PLAIN}") == "*** ***"


def test_the_doctor_says_that_it_is_there_and_not_what_it_is(filled: Environment) -> None:
    found = examine(check_variables(filled))
    assert [one.state for one in found] == ["well", "well"]
    assert TOKEN not in str(found)


def test_a_block_that_is_not_there_is_named_with_the_way_to_make_it(filled: Environment) -> None:
    remember_server("block:backup-key/nobody", filled.prefect_url)
    with pytest.raises(BadInput, match=r"backup-key/nobody does not exist.*\n.*make a block 'nobody'"):
        read_secret("objects.backup_key", "block:backup-key/nobody")


def test_a_field_that_a_block_does_not_have_is_named_with_those_it_has(filled: Environment) -> None:
    with temporary_settings(updates={PREFECT_API_URL: filled.prefect_url}):
        store = ObjectStoreCredentials(key=SecretStr("AKIA-not-shown"), secret=SecretStr("s3cr3t-not-shown"))
        store.save("acceptance", overwrite=True)
    remember_server("block:object-store-credentials/acceptance", filled.prefect_url)
    with pytest.raises(BadInput, match="has no 'token', but key, secret") as refused:
        read_secret("vercel.token", "block:object-store-credentials/acceptance")
    assert "not-shown" not in str(refused.value)


def test_a_server_that_is_away_is_silence_and_no_missing_block() -> None:
    remember_server("block:secret/away", "http://127.0.0.1:9/api")
    with pytest.raises(Unreachable, match=r"app\.secret_variables\.A"):
        read_secret("app.secret_variables.A", "block:secret/away")


def test_one_name_at_two_servers_is_refused_for_the_wrong_one_would_be_read() -> None:
    remember_server("block:secret/twice", "http://127.0.0.1:9/api")
    remember_server("block:secret/twice", "http://127.0.0.1:9/api")
    with pytest.raises(BadInput, match=r"lies at http://127.0.0.1:9/api for one environment and at http://elsewhere"):
        remember_server("block:secret/twice", "http://elsewhere.example/api")


def test_what_was_read_once_outlives_a_server_that_falls_silent(
    filled: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filled.vercel
    read_secret("vercel.token", filled.vercel.token)
    monkeypatch.setattr("infra.environment.blocks.YOUNG_SECONDS", 0.0)
    monkeypatch.setitem(blocks._servers, filled.vercel.token, "http://127.0.0.1:9/api")
    kept = {("http://127.0.0.1:9/api", *key[1:]): value for key, value in blocks._kept.items()}
    monkeypatch.setattr("infra.environment.blocks._kept", kept)
    assert read_secret("vercel.token", filled.vercel.token).get_secret_value() == TOKEN
