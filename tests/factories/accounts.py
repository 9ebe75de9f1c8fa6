"""People and keys for tests."""

import factory
from factory.django import DjangoModelFactory

from scrm.accounts.models import User


class UserFactory(DjangoModelFactory[User]):
    """A person with a break-glass password ("a-long-password")."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.Sequence(lambda n: f"Person {n}")

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_kwargs: object) -> None:
        self.set_password(extracted or "a-long-password")
        if create:
            self.save(update_fields=["password"])
