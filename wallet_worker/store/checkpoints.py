"""Checkpoints of verification: made in the snapshot that was verified, found again, and never changed."""

from datetime import datetime
from typing import Final

from attrs import frozen

from cardroom.ids import ShardId
from cardroom.service.postgres import Row, Transaction
from wallet_worker.store.seal_batch import Link

_SEALED_AS: Final = ShardId(-2)
"""No shard has this number; so a checkpoint's seal can never be taken for a batch's, nor a batch's for it."""

# Transactions that were open at the snapshot may have taken their time of booking before it; none is open for long.
_ADD_CHECKPOINT: Final = """
INSERT INTO checkpoint (made_at, since, seal) VALUES (now(), now() - interval '1 hour', $1)
RETURNING id, made_at, since
"""

_ADD_HEADS: Final = """
INSERT INTO checkpoint_head (checkpoint_id, shard, batch, mac) SELECT $1, id, last_batch, chain_mac FROM shard
"""

_ADD_ACCOUNTS: Final = """
INSERT INTO checkpoint_account (checkpoint_id, account_id, version, balance)
SELECT $1, id, version, balance FROM account
"""

_ADD_TABLES: Final = """
INSERT INTO checkpoint_table (checkpoint_id, table_id, hand_no, hand_id)
SELECT $1, id, last_hand_no, last_hand_id FROM game_table
"""

_NEXT_ID: Final = "SELECT nextval(pg_get_serial_sequence('checkpoint', 'id')) AS id"

# $1 is the checkpoint; now() stands still in a transaction.
_DIGEST_NOW: Final = """
SELECT sha256(convert_to(concat_ws(E'\\n',
    'checkpoint', (extract(epoch FROM now()) * 1000000)::bigint,
    (extract(epoch FROM now() - interval '1 hour') * 1000000)::bigint,
    'heads', (SELECT string_agg(concat_ws(',', id, last_batch, coalesce(encode(chain_mac, 'hex'), '-')), ';'
                                ORDER BY id) FROM shard),
    'accounts', (SELECT string_agg(concat_ws(',', id, version, balance), ';' ORDER BY id) FROM account),
    'tables', (SELECT string_agg(concat_ws(',', id, last_hand_no, coalesce(last_hand_id::text, '-')), ';'
                                 ORDER BY id) FROM game_table)
), 'UTF8')) AS digest
"""

_LIST_CHECKPOINTS: Final = """
SELECT id, made_at, since, seal, sha256(convert_to(concat_ws(E'\\n',
    'checkpoint', (extract(epoch FROM made_at) * 1000000)::bigint, (extract(epoch FROM since) * 1000000)::bigint,
    'heads', (SELECT string_agg(concat_ws(',', shard, batch, coalesce(encode(mac, 'hex'), '-')), ';'
                                ORDER BY shard) FROM checkpoint_head WHERE checkpoint_id = checkpoint.id),
    'accounts', (SELECT string_agg(concat_ws(',', account_id, version, balance), ';' ORDER BY account_id)
                 FROM checkpoint_account WHERE checkpoint_id = checkpoint.id),
    'tables', (SELECT string_agg(concat_ws(',', table_id, hand_no, coalesce(hand_id::text, '-')), ';'
                                 ORDER BY table_id) FROM checkpoint_table WHERE checkpoint_id = checkpoint.id)
), 'UTF8')) AS digest
FROM checkpoint
WHERE ($1::bigint IS NULL OR id < $1) AND ($2::bigint IS NULL OR id > $2)
ORDER BY CASE WHEN $2 IS NULL THEN -id ELSE id END
LIMIT 1
"""
