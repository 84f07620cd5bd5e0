import pytest
from explorer_subjects import make_subject


@pytest.fixture
def subject():
    return make_subject()
