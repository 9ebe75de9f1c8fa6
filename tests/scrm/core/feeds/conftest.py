"""What these tests read is English, whatever language the installation speaks."""

from tests.contacts.oa_sync.sources.conftest import english

__all__ = ["english"]
