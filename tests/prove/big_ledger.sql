-- A ledger of any size: see big_ledger.py, which fills in what begins with a dollar sign. One statement after the other,
-- an empty line between two.

SELECT open_months((now() - interval '$days days' - interval '5 days')::date, 3);

INSERT INTO shard (id) SELECT number FROM generate_series(0, $shards - 1) AS number;

INSERT INTO player (nickname, email, password_hash, created_at)
SELECT 'player ' || number, number || '@example.com', repeat('x', 97), now() - interval '200 days'
FROM generate_series(1, $players) AS number;

INSERT INTO room (name, created_at, status, closed_at)
SELECT 'Room ' || number, now() - make_interval(mins => number),
       CASE WHEN number % 2 = 0 THEN 'closed' ELSE 'open' END, CASE WHEN number % 2 = 0 THEN now() END
FROM generate_series(1, $rooms) AS number;

INSERT INTO game_table (shard, name, stake, seat_count, room_id)
SELECT number % $shards, 'Table ' || number, 'low', $seats, 1 + number % $rooms
FROM generate_series(1, $tables) AS number;

INSERT INTO account (kind, user_id, table_id, seat, shard)
SELECT kind, user_id, table_id, seat, shard FROM (
    SELECT 1 AS part, 'promotions'::account_kind AS kind, NULL::bigint AS user_id, NULL::bigint AS table_id,
           NULL::smallint AS seat, NULL::integer AS shard, 0 AS place
    UNION ALL SELECT 2, 'rake', NULL, NULL, NULL, shard, shard FROM generate_series(0, $shards - 1) AS shard
    UNION ALL SELECT 3, 'wallet', id, NULL, NULL, NULL, id FROM player
    UNION ALL SELECT 4, 'pending_withdrawal', id, NULL, NULL, NULL, id FROM player WHERE id % 20 = 0
    UNION ALL SELECT 5, 'escrow', 1 + ((game_table.id - 1) * $seats + seat) % $players, game_table.id, seat, NULL,
                     game_table.id * $seats + seat
    FROM game_table, generate_series(0, $seats - 1) AS seat
) AS opened ORDER BY part, place;

-- Transfers in the order of time: a gift for each player, a buy-in for each seat, then the hands.
CREATE UNLOGGED TABLE plan AS
SELECT row_number() OVER (ORDER BY at, part, subject, number) AS id, part, subject, number, at, hand_id FROM (
    SELECT 1 AS part, id AS subject, 0 AS number, NULL::uuid AS hand_id,
           now() - interval '$days days' - interval '2 days' + make_interval(secs => id::float8 / 1000) AS at
    FROM player
    UNION ALL
    SELECT 2, account.id, 0, NULL, now() - interval '$days days' - interval '1 days' + make_interval(secs => account.id::float8 / 1000)
    FROM account WHERE kind = 'escrow'
    UNION ALL
    SELECT 3, 1 + number % $tables, 1 + number / $tables, gen_random_uuid(),
           now() - interval '$days days' * (1 - number::float8 / $hands)
    FROM generate_series(0, $hands - 1) AS number
) AS planned;

INSERT INTO transfer (id, kind, command_id, shard, batch, hand_id, reason, booked_at)
SELECT id, (ARRAY['promotion', 'buy_in', 'hand'])[part]::transfer_kind, gen_random_uuid(), shard,
       1 + (row_number() OVER (PARTITION BY shard ORDER BY id) - 1) / $hands_of_a_batch, hand_id,
       CASE WHEN part = 1 THEN 'welcome' END, at
FROM (SELECT plan.*, CASE part WHEN 1 THEN -1 WHEN 2 THEN account.table_id % $shards ELSE subject % $shards END
             AS shard
      FROM plan LEFT JOIN account ON part = 2 AND account.id = subject) AS planned;

INSERT INTO transfer (id, kind, command_id, shard, batch, booked_at)
SELECT (SELECT max(id) FROM transfer) + row_number() OVER (ORDER BY table_id), 'cash_out', gen_random_uuid(),
       table_id % $shards, 100000000, now() - interval '1 minute' FROM account WHERE kind = 'escrow' AND seat = 0
       AND table_id <= 40;

INSERT INTO hand (hand_id, table_id, hand_no, previous, started_at, booked_at, rake, money_hash, record, record_sha256)
SELECT hand_id, subject, number, lag(hand_id) OVER (PARTITION BY subject ORDER BY number),
       at - interval '40 s', at, 10, sha256('money'), convert_to(repeat('record ', 60), 'UTF8'), sha256('record')
FROM plan WHERE part = 3;

INSERT INTO hand_result (hand_id, user_id, seat, net, contributed_rake, booked_at)
SELECT plan.hand_id, account.user_id, account.seat,
       CASE WHEN plan.number % $seats = account.seat THEN $won ELSE -100 END,
       CASE WHEN plan.number % $seats = account.seat THEN 10 ELSE 0 END, plan.at
FROM plan JOIN account ON account.kind = 'escrow' AND account.table_id = plan.subject WHERE plan.part = 3;

-- Every posting, numbered and summed along its account.
CREATE UNLOGGED TABLE leg AS
SELECT transfer_id, account_id, amount, at,
       sum(amount) OVER along AS balance, row_number() OVER along AS version
FROM (
    SELECT plan.id AS transfer_id, account.id AS account_id, plan.at,
           CASE WHEN account.kind = 'wallet' THEN 10000000 ELSE -10000000 END AS amount
    FROM plan JOIN account ON (account.kind = 'wallet' AND account.user_id = plan.subject) OR account.kind = 'promotions'
    WHERE plan.part = 1
    UNION ALL
    SELECT plan.id, posted.account_id, plan.at, posted.amount
    FROM plan JOIN account AS escrow ON escrow.id = plan.subject
    JOIN account AS wallet ON wallet.kind = 'wallet' AND wallet.user_id = escrow.user_id,
    LATERAL (VALUES (escrow.id, 1000000), (wallet.id, -1000000)) AS posted (account_id, amount)
    WHERE plan.part = 2
    UNION ALL
    SELECT plan.id, account.id, plan.at,
           CASE WHEN plan.number % $seats = account.seat THEN $won ELSE -100 END
    FROM plan JOIN account ON account.kind = 'escrow' AND account.table_id = plan.subject WHERE plan.part = 3
    UNION ALL
    SELECT plan.id, account.id, plan.at, 10
    FROM plan JOIN account ON account.kind = 'rake' AND account.shard = plan.subject % $shards WHERE plan.part = 3
) AS posted
WINDOW along AS (PARTITION BY account_id ORDER BY transfer_id);

INSERT INTO entry (transfer_id, account_id, amount, balance_after, version, booked_at)
SELECT transfer_id, account_id, amount, balance, version, at FROM leg;

UPDATE account SET balance = last.balance, version = last.version
FROM (SELECT DISTINCT ON (account_id) account_id, balance, version FROM leg ORDER BY account_id, version DESC) AS last
WHERE account.id = last.account_id;

INSERT INTO batch (shard, number, digest, mac, committed_at)
SELECT shard, batch, sha256('digest'), sha256('mac'), max(booked_at) FROM transfer GROUP BY shard, batch;

UPDATE shard SET last_batch = last.number, chain_mac = sha256('mac')
FROM (SELECT shard, max(number) AS number FROM batch GROUP BY shard) AS last WHERE shard.id = last.shard;

UPDATE game_table SET last_hand_no = last.number, last_hand_id = last.hand_id
FROM (SELECT DISTINCT ON (subject) subject, number, hand_id FROM plan WHERE part = 3 ORDER BY subject, number DESC) AS last
WHERE game_table.id = last.subject;

INSERT INTO hand_event (hand_id, booked_at, seq_no, street, action, seat, user_id, amount, cards, notation)
SELECT hand_id, at, seq_no, 'preflop', 'check_or_call', seq_no % $seats, 1 + (subject * 7 + seq_no) % $players,
       NULL, NULL, 'p1 cc'
FROM (SELECT * FROM plan WHERE part = 3 ORDER BY id DESC LIMIT $hands_with_events) AS newest,
     generate_series(1, $events_of_a_hand) AS seq_no;

INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, coin_amount, coin_scale, rate, tx_hash,
                             output_number, status, completed_at)
SELECT 'deposit', 1 + number % $players, 'BTC', 'address', 15, 10, 8, 150000000, encode(sha256(number::text::bytea), 'hex'),
       0, 'credited', now()
FROM generate_series(1, $players) AS number;

INSERT INTO outside_payment (direction, user_id, coin, address, krw_amount, status)
SELECT 'withdrawal', 1 + number % $players, 'BTC', 'address', 10000, 'held' FROM generate_series(1, $players) AS number;

UPDATE outside_payment SET status = 'released', completed_at = now() WHERE status = 'held' AND id % 100 <> 0;

INSERT INTO payout_address (user_id, coin, address, label, is_own, usable_at, removed_at)
SELECT 1 + (number - 1) % $players, 'BTC', 'address ' || number, '', true, now(), CASE WHEN number > $players THEN now() END
FROM generate_series(1, 2 * $players) AS number;

INSERT INTO deposit_address (user_id, coin, gateway, external_id, address, given_at)
SELECT number, coin, 'shkeeper', coin || number, coin || ' ours ' || number, now()
FROM generate_series(1, $players) AS number, unnest(ARRAY['BTC', 'ETH', 'USDT', 'USDC']) AS coin;

INSERT INTO withdrawal (payment_id, user_id, coin, gateway, payout_address_id, krw_amount, travel_rule, requested_at, ready_at)
SELECT id, user_id, coin, 'shkeeper', user_id, krw_amount, '{}', at, at + interval '1 day'
FROM (SELECT *, now() - interval '$days days' * (id % $players) / $players AS at FROM outside_payment) AS payment
WHERE direction = 'withdrawal';

UPDATE withdrawal SET state = 'cancelled', ended_at = now() WHERE payment_id % 100 <> 0;

INSERT INTO payment_transfer (transfer_id, payment_id, step) SELECT id, id, 'credited' FROM outside_payment
WHERE direction = 'deposit';

INSERT INTO held_deposit (user_id, coin, address, krw_amount, coin_amount, coin_scale, rate, tx_hash, output_number)
SELECT 1 + number % $players, 'BTC', 'address', 15, 10, 8, 150000000, encode(sha256(number::text::bytea), 'hex'), 1
FROM generate_series(1, $players) AS number;

UPDATE held_deposit SET released_at = now(), released_by = 'limit', payment_id = id WHERE id % 20 <> 0;

INSERT INTO player_term (user_id, kind, value, before, asked_at, begins_at, set_by)
SELECT 1 + number % $players, kind, number, NULL, now(), now(), 'player'
FROM generate_series(1, $players) AS number, unnest(ARRAY['loss_day', 'loss_week', 'session_minutes']) AS kind;

UPDATE player SET has_terms = true WHERE id % 10 = 0;

INSERT INTO admin_action (admin, action, subject, reason, key, body_hash, answer, done_at)
SELECT CASE WHEN number % 200 = 0 THEN 'pat' ELSE (ARRAY['kim', 'lee', 'sue', 'han', 'min'])[1 + number % 5] END,
       CASE WHEN number % 199 = 0 THEN 'drain'
            ELSE (ARRAY['promotion', 'freeze_player', 'table_made', 'table_paused', 'session_ended', 'blocked'])[1 + number % 6] END,
       'user:' || number % 1000, 'welcome', number, sha256('body'), '{}', now() - interval '10 days' * number / $players
FROM generate_series($players, 1, -1) AS number;

INSERT INTO adjustment (debit, credit, amount, reason, proposed_by, expires_at)
SELECT 'promotions', 'rounding', number, 'because', 'kim', now() + interval '7 days'
FROM generate_series(1, $players) AS number;

UPDATE adjustment SET state = 'rejected', decided_by = 'lee', decided_at = now(), decision_reason = 'no' WHERE id % 100 <> 0;

INSERT INTO session (token_hash, user_id, created_at, expires_at)
SELECT sha256(number::text::bytea), 1 + number % $players, now() - interval '14 days' * number / $sessions,
       now() + interval '14 days' * (1 - number::float8 / $sessions) - interval '1 hour'
FROM generate_series(1, $sessions) AS number;

INSERT INTO registration (token_hash, nickname, email, password_hash, created_at, expires_at)
SELECT sha256(number::text::bytea), 'player ' || number, number || '@example.com', repeat('x', 97),
       now() - interval '1 day' * number / $players, now() + interval '1 day' * (1 - number::float8 / $players) - interval '1 hour'
FROM generate_series(1, $players) AS number;

INSERT INTO password_reset (token_hash, user_id, created_at, expires_at)
SELECT sha256(number::text::bytea), number, now() - interval '1 hour' * number / $players,
       now() + interval '30 min' * (1 - number::float8 / $players) - interval '1 min'
FROM generate_series(1, $players) AS number;

INSERT INTO second_factor (user_id, sealed_secret)
SELECT number, sha256(number::text::bytea) FROM generate_series(1, $players) AS number;

INSERT INTO recovery_code (user_id, code_hash)
SELECT number, sha256((number * 100 + code)::text::bytea)
FROM generate_series(1, $players) AS number, generate_series(1, 10) AS code;

INSERT INTO block (user_id, reason, blocked_by)
SELECT number, 'because', 'kim' FROM generate_series(1, $players) AS number;

UPDATE block SET removed_at = now(), removed_by = 'lee', removed_reason = 'a mistake' WHERE id % 100 <> 0;

INSERT INTO command (id, shard, kind, body_hash, reply, received_at)
SELECT gen_random_uuid(), 0, 'settle_hand', sha256('body'), '\x00'::bytea, now() - interval '36 days' * number / $commands
FROM generate_series(1, $commands) AS number;

INSERT INTO dead_letter (shard, stream_id, table_id, payload, reason)
SELECT 0, number || '-0', 1 + number % $tables, '\x00'::bytea, 'reason' FROM generate_series(1, $rooms) AS number;

INSERT INTO keyed_request (scope, key, body_hash, transfer_id, answer)
SELECT 'promotion', 'key ' || subject, sha256('body'), id, '{}'::jsonb FROM plan WHERE part = 1;

INSERT INTO checkpoint (id, made_at, since, seal) VALUES (1, now(), now() - interval '1 hour', sha256('seal'));

INSERT INTO checkpoint_head (checkpoint_id, shard, batch, mac) SELECT 1, id, last_batch, chain_mac FROM shard;

INSERT INTO checkpoint_account (checkpoint_id, account_id, version, balance, owner)
SELECT 1, id, version, balance,
       concat_ws(',', kind, coalesce(user_id, 0), coalesce(table_id, 0), coalesce(shard, -2), coin)
FROM account;

INSERT INTO checkpoint_table (checkpoint_id, table_id, hand_no, hand_id)
SELECT 1, id, last_hand_no, last_hand_id FROM game_table;

SELECT setval('transfer_number', (SELECT max(id) FROM transfer) + 1);

DROP TABLE plan, leg;

ANALYZE;
