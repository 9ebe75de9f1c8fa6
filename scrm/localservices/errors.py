"""What goes wrong with the private services, in one sentence a person can act on."""


class ServiceError(Exception):
    """A private service cannot be had; the message is the sentence to show."""
