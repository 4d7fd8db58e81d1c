"""What a description's text is answered with."""

from pathlib import Path

import pytest

from hdh_infra.errors import SpecError
from hdh_infra.model.load import load


def problems_of(text: str, folder: Path) -> list[str]:
    """Each problem of a text that is refused, without the name of its file."""
    file = folder / "spec.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as caught:
        load(file)
    assert caught.value.exit_code == 2
    return [str(problem).removeprefix(str(file)) for problem in caught.value.problems]
