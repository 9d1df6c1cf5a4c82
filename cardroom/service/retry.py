"""The two retry policies that are allowed; both end."""

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random_exponential,
)


def retry_idempotent(*errors: type[Exception], attempts: int = 3) -> AsyncRetrying:
    """Repeat a call that may be repeated, when it fails with one of ``errors``; then let it fail."""
    return AsyncRetrying(
        retry=retry_if_exception_type(errors),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=0.1, max=2.0),
        reraise=True,
    )


def wait_for_start(*errors: type[Exception], seconds: float) -> AsyncRetrying:
    """Wait for a server that is starting too; fail with its last error after ``seconds``."""
    return AsyncRetrying(
        retry=retry_if_exception_type(errors),
        stop=stop_after_delay(seconds),
        wait=wait_exponential(multiplier=0.05, max=1.0),
        reraise=True,
    )
