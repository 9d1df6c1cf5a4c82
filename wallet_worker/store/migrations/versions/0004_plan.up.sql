-- Rooms: tables under one name. A closed room takes no new tables; those that stand in it go on.
CREATE TABLE room (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL CONSTRAINT room_name_key UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    status     text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz,
    CONSTRAINT room_closed_at CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX room_status ON room (status, created_at DESC, id DESC);
-- The first room, where all tables are for which no other is said.
INSERT INTO room (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'Main');
ALTER TABLE room ALTER COLUMN id RESTART WITH 2;
ALTER TABLE game_table
    ADD COLUMN room_id bigint NOT NULL DEFAULT 1 CONSTRAINT game_table_room_fkey REFERENCES room;
CREATE INDEX game_table_room ON game_table (room_id);
GRANT SELECT, INSERT ON room TO holdem_wallet;
GRANT UPDATE (status, closed_at) ON room TO holdem_wallet;

-- Login sessions, so that they outlive Redis. Of a token only the SHA-256 is kept.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    bigint NOT NULL REFERENCES player ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX session_expires ON session (expires_at);
CREATE INDEX session_of_user ON session (user_id, created_at DESC);
GRANT SELECT, DELETE ON session TO holdem_router;
GRANT INSERT (token_hash, user_id, expires_at) ON session TO holdem_router;
GRANT UPDATE (ended_at) ON session TO holdem_router;

-- Who has a token finds its session, and only that one; the wallet's role can read no other way. The lock lets a
-- logout wait until whoever asks has put the session back into Redis: it is then removed there after all.
CREATE FUNCTION find_session(hash bytea)
RETURNS TABLE (user_id bigint, nickname text, remaining_ms bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
    SELECT session.user_id, player.nickname,
           (extract(epoch FROM session.expires_at - clock_timestamp()) * 1000)::bigint
    FROM session JOIN player ON player.id = session.user_id
    WHERE session.token_hash = hash AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
    FOR SHARE OF session
$$;
REVOKE ALL ON FUNCTION find_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_session(bytea) TO holdem_router, holdem_wallet;

-- The wallet decides on players and never on their passwords.
REVOKE SELECT ON player FROM holdem_wallet;
GRANT SELECT (id, nickname, email, created_at, frozen_at, self_excluded_until) ON player TO holdem_wallet;

-- What happened in a hand, row by row, unpacked from its record after it was settled. It holds all hole cards, mucked
-- ones too: no player's page reads it.
CREATE TYPE hand_street AS ENUM ('preflop', 'flop', 'turn', 'river', 'showdown');
CREATE TABLE hand_event (
    hand_id   uuid NOT NULL,
    booked_at timestamptz NOT NULL,
    user_id   bigint,
    amount    bigint CHECK (amount > 0),
    street    hand_street NOT NULL,
    seq_no    smallint NOT NULL CHECK (seq_no >= 1),
    seat      smallint,
    action    text NOT NULL,
    cards     text,
    notation  text NOT NULL,
    PRIMARY KEY (hand_id, seq_no, booked_at)
) PARTITION BY RANGE (booked_at);
GRANT SELECT, INSERT ON hand_event TO holdem_wallet;

-- How far the records of each shard's hands are unpacked: the last transfer of a hand, in the order of the batches.
CREATE TABLE hand_event_progress (
    shard       integer PRIMARY KEY REFERENCES shard,
    batch       bigint NOT NULL DEFAULT 0,
    transfer_id bigint NOT NULL DEFAULT 0,
    booked_at   timestamptz NOT NULL DEFAULT '-infinity'
);
GRANT SELECT, INSERT, UPDATE ON hand_event_progress TO holdem_wallet;

-- As before, for every table that is partitioned, so that a new one needs no new function. A month is made beside its
-- table and then attached: CREATE TABLE ... PARTITION OF would wait for everybody who reads the table, a verification
-- too, and every booking would wait behind it.
CREATE OR REPLACE FUNCTION open_months(first date, ahead integer) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    family text;
    part   text;
    month  date := date_trunc('month', first);
BEGIN
    PERFORM pg_advisory_xact_lock(4733002);
    WHILE month <= date_trunc('month', now()) + make_interval(months => least(ahead, 24)) LOOP
        FOR family IN SELECT relname FROM pg_class
            WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace ORDER BY relname
        LOOP
            part := family || to_char(month, '_YYYY_MM');
            CONTINUE WHEN to_regclass(format('public.%I', part)) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           part, family);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                           family, part, month::timestamptz, (month + interval '1 month')::timestamptz);
        END LOOP;
        month := month + interval '1 month';
    END LOOP;
END
$$;
DO $$
BEGIN
    PERFORM open_months((SELECT coalesce(min(booked_at), now())::date - 1 FROM hand), 3);
END
$$;

-- An entry's own proof, derived from its batch's: hex of SHA-256 over the batch's MAC (32 bytes), then transfer id,
-- account id and the entry's version, each as 8 bytes, big-endian, signed. NULL while the batch is not sealed.
CREATE FUNCTION entry_integrity_hash(mac bytea, transfer_id bigint, account_id bigint, version bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(sha256(mac || int8send(transfer_id) || int8send(account_id) || int8send(version)), 'hex');

-- The names that everything goes by outside. Views, because each fact stands in one place only.
CREATE VIEW users AS
SELECT player.id, player.nickname, player.email, player.created_at, player.frozen_at, player.self_excluded_until,
       coalesce(wallet.balance, 0) AS krw_balance, coalesce(pending.balance, 0) AS pending_withdrawal_krw
FROM player
LEFT JOIN account AS wallet ON wallet.kind = 'wallet' AND wallet.user_id = player.id
LEFT JOIN account AS pending ON pending.kind = 'pending_withdrawal' AND pending.user_id = player.id;

CREATE VIEW rooms AS SELECT id, name, status, created_at, closed_at FROM room;

CREATE VIEW tables AS
SELECT id, room_id, shard, name, stake, seat_count, created_at, closed_at, halted_at, last_hand_no,
       invitation IS NOT NULL AS is_private
FROM game_table;

CREATE VIEW hands AS
SELECT hand_id AS id, table_id, hand_no, previous AS previous_hand_id, started_at, booked_at, rake, record_sha256
FROM hand;

CREATE VIEW hand_events AS
SELECT hand_id, seq_no, street, seat, user_id, action, amount, cards, notation, booked_at FROM hand_event;

CREATE VIEW sessions AS SELECT user_id, created_at, expires_at, ended_at FROM session;

-- Money of players, one row per entry. What only payments by coin have is NULL as long as there are none.
CREATE VIEW wallet_transactions AS
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

GRANT SELECT ON users, rooms, tables, hands, hand_events, sessions, wallet_transactions TO holdem_wallet;
