CREATE OR REPLACE VIEW wallet_transactions AS
SELECT entry.transfer_id AS id, account.user_id, account.kind::text AS account, transfer.kind::text AS kind,
       entry.amount, entry.balance_after AS krw_balance_after,
       NULL::text AS coin, NULL::numeric AS coin_amount, NULL::text AS tx_hash, NULL::text AS address,
       NULL::numeric AS rate,
       transfer.reason, transfer.hand_id, transfer.command_id, entry.version,
       entry_integrity_hash(batch.mac, entry.transfer_id, entry.account_id, entry.version) AS integrity_hash,
       entry.booked_at AS created_at, entry.booked_at AS completed_at
FROM entry
JOIN account ON account.id = entry.account_id
JOIN transfer ON transfer.id = entry.transfer_id AND transfer.booked_at = entry.booked_at
LEFT JOIN batch ON batch.shard = transfer.shard AND batch.number = transfer.batch
WHERE account.kind IN ('wallet', 'pending_withdrawal');

-- What is booked stays booked; what was known about it beside the ledger goes.
CREATE OR REPLACE VIEW wallet_transactions AS
SELECT entry.transfer_id AS id, account.user_id, account.kind::text AS account, transfer.kind::text AS kind,
       entry.amount, entry.balance_after AS krw_balance_after,
       NULL::text AS coin, NULL::numeric AS coin_amount, NULL::text AS tx_hash, NULL::text AS address,
       NULL::numeric AS rate,
       transfer.reason, transfer.hand_id, transfer.command_id, entry.version,
       entry_integrity_hash(batch.mac, entry.transfer_id, entry.account_id, entry.version) AS integrity_hash,
       entry.booked_at AS created_at, entry.booked_at AS completed_at
FROM entry
JOIN account ON account.id = entry.account_id
JOIN transfer ON transfer.id = entry.transfer_id AND transfer.booked_at = entry.booked_at
LEFT JOIN batch ON batch.shard = transfer.shard AND batch.number = transfer.batch
WHERE account.kind IN ('wallet', 'pending_withdrawal');
DROP INDEX transfer_booked, entry_booked;
DROP VIEW player_standing;
DROP TABLE house_freeze, adjustment, admin_action, payment_transfer, outside_payment;
DROP FUNCTION check_payment_step(), check_adjustment_step();
