"""The clock of anomalies."""

from celery import shared_task

from risk.anomalies.services import anomalies_look_again, signals_forget


@shared_task(name="risk.anomalies_watch")
def anomalies_watch() -> int:
    """Judge the last minutes once more: nothing that was recorded stays unseen."""
    return anomalies_look_again()


@shared_task(name="risk.signals_purge")
def signals_purge() -> int:
    """Forget old signals."""
    return signals_forget()
