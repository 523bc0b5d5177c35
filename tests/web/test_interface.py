"""The interface against its own description: whatever is sent, the answer is one that openapi.json names."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_answers_are_the_described_ones(server: str, mode: GenerationMode) -> None:
    """Requests made up from the description, right ones and wrong ones, to every route."""
    schema = schemathesis.openapi.from_url(f"{server}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 13
    for operation in operations:
        if mode == GenerationMode.NEGATIVE and operation.method.upper() != "POST":
            continue  # a name in a path may be any text

        @settings(
            max_examples=2, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Case[Any]) -> None:
            # Random bytes are no image: what fits the description may be refused, with a status that it names.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        check()
