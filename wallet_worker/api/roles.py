"""Who may open which of the wallet worker's pages for administrators."""

from typing import Final

from cardroom.service.admin_guard import EVERYBODY, FINANCE, OWNERS, STAFF, SUPPORT, PageRoles

PAGES: Final[PageRoles] = {
    "GET /admin/ledger/summary": EVERYBODY,
    "GET /admin/reconciliation": EVERYBODY,
    "GET /admin/users/<int:user_id>/balance": EVERYBODY,
    "GET /admin/users/<int:user_id>/accounts": EVERYBODY,
    "GET /admin/users/<int:user_id>/transactions": EVERYBODY,
    "GET /admin/transfers/<int:number>": EVERYBODY,
    "GET /admin/actions": EVERYBODY,
    "GET /admin/adjustments": EVERYBODY,
    "GET /admin/letters": EVERYBODY,
    "GET /admin/tables": EVERYBODY,
    "GET /admin/tables/<int:table_id>/hands": EVERYBODY,
    "GET /admin/hands/<hand_id>": EVERYBODY,
    "GET /admin/rooms": EVERYBODY,
    "GET /admin/deposits": EVERYBODY,
    "GET /admin/deposits/held": EVERYBODY,
    "GET /admin/rates": EVERYBODY,
    "POST /admin/rates/<coin>/accept": FINANCE,
    "GET /admin/gateway-reconciliation": EVERYBODY,
    "POST /admin/deposits/<int:number>/assign": FINANCE,
    "POST /admin/deposits/<int:number>/credit": FINANCE,
    "POST /admin/deposits/<int:number>/refuse": FINANCE,
    "POST /admin/deposits/<int:number>/originator": FINANCE,
    "POST /admin/deposits/held/<int:number>/release": FINANCE,
    "POST /admin/gateway-reconciliation": FINANCE,
    "GET /admin/withdrawals": EVERYBODY,
    "GET /admin/withdrawals/<int:number>": EVERYBODY,
    "POST /admin/withdrawals/<int:number>/approve": FINANCE,
    "POST /admin/withdrawals/<int:number>/reject": FINANCE,
    "POST /admin/withdrawals/<int:number>/flag": STAFF,
    "POST /admin/withdrawals/<int:number>/take": FINANCE,
    "POST /admin/withdrawals/<int:number>/paid": FINANCE,
    "POST /admin/withdrawals/<int:number>/not-paid": FINANCE,
    "POST /admin/users/<int:user_id>/freeze": SUPPORT,
    "POST /admin/users/<int:user_id>/unfreeze": SUPPORT,
    "POST /admin/promotions": FINANCE,
    "POST /admin/adjustments": FINANCE,
    "POST /admin/adjustments/<int:number>/approve": FINANCE,
    "POST /admin/adjustments/<int:number>/reject": FINANCE,
    "POST /admin/letters/<int:letter_id>/<any(retry, void):order>": FINANCE,
    "POST /admin/freeze": FINANCE,  # of withdrawals; of anything else OWNERS
    "POST /admin/unfreeze": FINANCE,  # of withdrawals; of anything else OWNERS
    "POST /admin/tables": OWNERS,
    "POST /admin/rooms": OWNERS,
    "POST /admin/rooms/<int:room_id>/close": OWNERS,
}
