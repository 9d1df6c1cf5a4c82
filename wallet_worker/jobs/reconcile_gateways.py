"""The daily comparison of gateways with the books."""

from wallet_worker.cashier.reconciliation import GatewayReconciler
from wallet_worker.jobs.timetable import DailyJob
from wallet_worker.payment_settings import ReconciliationSettings

NAME = "reconcile_gateways"


def gateway_job(reconciler: GatewayReconciler, settings: ReconciliationSettings) -> DailyJob:
    """Give the job; what it compares is now, so a day that was missed altogether is not made up for."""
    return DailyJob(NAME, settings.hour, settings.minute, reconciler.reconcile_day)
