"""The daily comparison: done at its hour, by one worker, and written under its day."""

from zoneinfo import ZoneInfo

from tests.fakes.vault import Vault, book_of
from tests.wallet_worker.house import LOG, House
from tests.wallet_worker.terms import HERE
from wallet_worker.cashier.reconciliation import GatewayReconciler
from wallet_worker.jobs.reconcile_gateways import gateway_job
from wallet_worker.jobs.worker import JobWorker
from wallet_worker.payment_settings import ReconciliationSettings
from wallet_worker.store.gateway_reconciliation import list_comparisons
from wallet_worker.store.job_runs import read_clock


async def test_the_day_has_its_comparison_and_no_second_one(house: House) -> None:
    vault = Vault("vault", {"BTC": 0})
    reconciler = GatewayReconciler(house.database, {"vault": vault}, book_of(BTC="vault"), LOG)
    job = gateway_job(reconciler, ReconciliationSettings(hour=0, minute=0))
    for name in ("one", "two"):
        await JobWorker(house.database, [job], HERE.time_zone, name, LOG).look(job)
    (made,) = await list_comparisons(house.database, 2**62, 10)
    assert made.business_day == (await read_clock(house.database)).astimezone(ZoneInfo(HERE.time_zone)).date()
    assert vault.asked == 1
    assert (job.name, gateway_job(reconciler, ReconciliationSettings()).hour) == ("reconcile_gateways", 5)
