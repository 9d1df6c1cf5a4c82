"""Which rule limits how often a page may be asked; said beside the page, and the default for all others."""

from collections.abc import Callable
from enum import Enum, unique
from typing import Any, Final, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE: Final = "limited_by"


@unique
class Rule(Enum):
    """The rules, by their names in the settings. Each counts for itself."""

    DEFAULT = "default"
    """What has no other rule."""
    LOBBY = "lobby"
    """Lists that are answered from memory, with an ETag: a page that shows them asks every second or so."""
    LOGIN = "login"
    REGISTER = "register"
    RESET = "reset"
    """A mail with a token is asked for."""
    CONFIRM = "confirm"
    """A mailed token is shown."""
    STEP_UP = "step_up"
    """Who is logged in shows a code of the second factor, or the password once more."""
    WITHDRAW = "withdraw"
    ADMIN = "admin"
    """What administrators ask. Who is kept out elsewhere is not kept out here: somebody must put it right."""
    WEBHOOK = "webhook"
    """What payment gateways tell. They are known by signature: no network and no country is kept out."""
    FREE = "free"
    """What monitors ask: never counted, never refused."""

    @property
    def is_closed_uncounted(self) -> bool:
        """Whether pages of this rule are closed while nothing can be counted: those where guessing pays."""
        return self in _CLOSED_UNCOUNTED


_CLOSED_UNCOUNTED: Final = frozenset(
    {Rule.LOGIN, Rule.REGISTER, Rule.RESET, Rule.CONFIRM, Rule.STEP_UP, Rule.WITHDRAW}
)


def limited(rule: Rule) -> Callable[[View], View]:
    """Say which rule a page has; put it below the line that gives the page its address."""

    def remember(view: View) -> View:
        setattr(view, _ATTRIBUTE, rule)
        return view

    return remember


def rule_of(view: Any, path: str) -> Rule:
    """Give the rule of a page; ``view`` is None where there is no page."""
    rule: Rule | None = getattr(view, _ATTRIBUTE, None)
    if rule is not None:
        return rule
    return Rule.ADMIN if path.startswith("/admin/") else Rule.DEFAULT
