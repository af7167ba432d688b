"""Environment files: the example shows every key, the shipped ones load, and wrong values are refused by key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from infra.config import keys_at
from infra.environment import ENVIRONMENTS_FOLDER, Environment, environment_names, load_environment
from infra.errors import BadInput

LEAST = 'name = "here"\nkind = "local"\n'


def write(folder: Path, text: str, name: str = "here") -> Path:
    (folder / f"{name}.toml").write_text(text)
    return folder


def paths_in(table: dict[str, Any], before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for key, value in table.items():
        found.add((*before, key))
        if isinstance(value, dict) and keys_at(Environment, [*before, key]):
            found |= paths_in(value, (*before, key))
    return found


def paths_of(before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for key in keys_at(Environment, list(before)):
        found |= {(*before, key)} | paths_of((*before, key))
    return found


def test_the_example_has_every_key_and_no_other() -> None:
    assert paths_in(tomllib.loads((ENVIRONMENTS_FOLDER / "example.toml").read_text())) == paths_of()


def test_the_example_is_valid_under_its_own_name(tmp_path: Path) -> None:
    write(tmp_path, (ENVIRONMENTS_FOLDER / "example.toml").read_text().replace('name = "example"', 'name = "here"'))
    assert load_environment("here", tmp_path).kind == "local"


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    text = (ENVIRONMENTS_FOLDER / "example.toml").read_text().replace('name = "example"', 'name = "here"')
    shown, plain = load_environment("here", write(tmp_path, text)), Environment(name="here", kind="local")
    for part in ("platform", "traffic", "gates", "canary", "watch"):
        assert getattr(shown, part) == getattr(plain, part)


@pytest.mark.parametrize("name", environment_names(ENVIRONMENTS_FOLDER))
def test_every_shipped_environment_loads(name: str) -> None:
    assert load_environment(name, ENVIRONMENTS_FOLDER).name == name


def test_every_table_is_frozen_and_refuses_unknown_keys() -> None:
    def tables(model: type[BaseModel]) -> list[type[BaseModel]]:
        inner = [f.annotation for f in model.model_fields.values() if isinstance(f.annotation, type)]
        return [model, *(t for one in inner if issubclass(one, BaseModel) for t in tables(one))]

    for table in tables(Environment):
        assert table.model_config["extra"] == "forbid"
        assert table.model_config["frozen"]


def test_an_unknown_environment_lists_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, LEAST)
    write(tmp_path, LEAST, "example")
    with pytest.raises(BadInput, match="'staging' does not exist") as caught:
        load_environment("staging", tmp_path)
    assert caught.value.hint == "choose one of: here"


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must equal the file's name"):
        load_environment("there", write(tmp_path, LEAST, "there"))


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ('kind = "local"\n', "name", "missing"),
        ('name = "here"\nkind = "prod"\n', "kind", "local"),
        (LEAST + "[platform]\npostgres_port = 4200\n", "platform", "port 4200 is given to two things"),
        (LEAST + "[platform]\nedge_ports = [8080, 8080]\n", "platform", "port 8080"),
        (LEAST + "[platform]\nprefect_port = 0\n", "platform.prefect_port", "greater"),
        (LEAST + "[canary]\nweights = []\n", "canary.weights", "must end with 100"),
        (LEAST + "[canary]\nweights = [5, 50]\n", "canary.weights", "must end with 100"),
        (LEAST + "[canary]\nweights = [50, 5, 100]\n", "canary.weights", "must ascend"),
        (LEAST + "[canary]\nweights = [5, 5, 100]\n", "canary.weights", "must ascend"),
        (LEAST + "[canary]\nweights = [0, 100]\n", "canary.weights.0", "greater"),
        (LEAST + "[canary]\nalpha = 0.5\n", "canary.alpha", "less than 0.5"),
        (LEAST + "[canary]\nbeta = 0\n", "canary.beta", "greater than 0"),
        (LEAST + "[canary]\nacceptable_rate = 0.05\n", "canary", "acceptable_rate 0.05 is not below error_rate_limit"),
        (LEAST + "[canary]\nslow_rate_limit = 0.01\n", "canary", "acceptable_rate 0.02 is not below slow_rate_limit"),
        (LEAST + "[canary]\nerror_rate_limit = 0\n", "canary.error_rate_limit", "greater than 0"),
        (LEAST + "[canary]\nhold_timeout_seconds = 0\n", "canary.hold_timeout_seconds", "greater than 0"),
        (LEAST + "[watch]\nprevious_percent = 51\n", "watch.previous_percent", "50"),
        (LEAST + "[watch]\nseconds = inf\n", "watch.seconds", "finite"),
        (LEAST + '[gates]\nscan_severity = "severe"\n', "gates.scan_severity", "critical"),
        (LEAST + '[peak_hours]\nzone = "Mars/Base"\nstart_hour = 9\nend_hour = 17\n', "peak_hours.zone", "time zone"),
        (LEAST + '[peak_hours]\nzone = "UTC"\nstart_hour = 17\nend_hour = 9\n', "peak_hours", "must come after"),
        (LEAST + '[app.secret_variables]\nKEY = "changeme"\n', "app.secret_variables", "placeholder"),
        (LEAST + '[app.secret_variables]\nKEY = ""\n', "app.secret_variables", "placeholder"),
        (
            'name = "here"\nkind = "staging"\n[app.secret_variables]\nKEY = "q7Rz0pLw9x"\n',
            "here.toml",
            "write env:KEY instead",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_key(tmp_path: Path, text: str, field: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        load_environment("here", write(tmp_path, text))
    assert caught.value.field == (field if field == "here.toml" else f"here.toml: {field}")


def test_the_state_folder_is_absolute_and_apart_for_each_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = load_environment("here", write(tmp_path, LEAST))
    monkeypatch.delenv("PIPELINE_STATE", raising=False)
    assert environment.state.is_absolute()
    monkeypatch.setenv("PIPELINE_STATE", str(tmp_path / "elsewhere"))
    assert environment.state == (tmp_path / "elsewhere" / "here").resolve()


def test_the_folder_of_environments_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_ENVIRONMENTS", str(write(tmp_path, LEAST)))
    assert environment_names() == ["here"]
    assert load_environment("here").kind == "local"
