-- Hands and transfers, with all that belongs to them, lie in a partition for each calendar month (UTC) of their
-- booking. Archiving a month is dropping its partitions; so nothing refers to these tables by a foreign key (it would
-- have to be searched, and one look-up per row is what a foreign key costs each booking). What the keys made sure
-- of, the statement's trigger on entry does for all rows of a statement at once, and verification for the whole.
ALTER TABLE hand RENAME TO hand_before;
ALTER TABLE hand_result RENAME TO hand_result_before;
ALTER TABLE transfer RENAME TO transfer_before;
ALTER TABLE entry RENAME TO entry_before;
ALTER TABLE keyed_request DROP CONSTRAINT keyed_request_transfer_id_fkey;

CREATE TABLE hand (
    hand_id       uuid NOT NULL,
    table_id      bigint NOT NULL,
    hand_no       bigint NOT NULL CHECK (hand_no >= 1),
    previous      uuid,
    started_at    timestamptz NOT NULL,
    booked_at     timestamptz NOT NULL,
    rake          bigint NOT NULL CHECK (rake >= 0),
    money_hash    bytea NOT NULL,
    record        bytea,
    record_sha256 bytea NOT NULL,
    CHECK ((hand_no = 1) = (previous IS NULL))
) PARTITION BY RANGE (booked_at);

CREATE TABLE hand_result (
    hand_id          uuid NOT NULL,
    user_id          bigint NOT NULL,
    seat             smallint NOT NULL,
    net              bigint NOT NULL,
    contributed_rake bigint NOT NULL CHECK (contributed_rake >= 0),
    booked_at        timestamptz NOT NULL
) PARTITION BY RANGE (booked_at);

CREATE TABLE transfer (
    id         bigint NOT NULL,
    kind       transfer_kind NOT NULL,
    command_id uuid NOT NULL,
    shard      integer NOT NULL,
    batch      bigint NOT NULL CHECK (batch >= 1),
    hand_id    uuid,
    reason     text,
    booked_at  timestamptz NOT NULL,
    CHECK ((hand_id IS NOT NULL) = (kind = 'hand'))
) PARTITION BY RANGE (booked_at);

CREATE TABLE entry (
    transfer_id   bigint NOT NULL,
    account_id    bigint NOT NULL,
    amount        bigint NOT NULL CHECK (amount <> 0),
    balance_after bigint NOT NULL,
    version       bigint NOT NULL CHECK (version >= 1),
    booked_at     timestamptz NOT NULL
) PARTITION BY RANGE (booked_at);

-- Make the partitions of the months from ``first`` to ``ahead`` months after the present one, where they lack.
CREATE FUNCTION open_months(first date, ahead integer) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    family text;
    month  date := date_trunc('month', first);
BEGIN
    PERFORM pg_advisory_xact_lock(4733002);
    WHILE month <= date_trunc('month', now()) + make_interval(months => least(ahead, 24)) LOOP
        FOREACH family IN ARRAY ARRAY['hand', 'hand_result', 'transfer', 'entry'] LOOP
            EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                           family || to_char(month, '_YYYY_MM'), family,
                           month::timestamptz, (month + interval '1 month')::timestamptz);
        END LOOP;
        month := month + interval '1 month';
    END LOOP;
END
$$;
-- What the worker may ask for: months from the present one on.
CREATE FUNCTION open_months(ahead integer) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT public.open_months(now()::date, ahead)
$$;
REVOKE ALL ON FUNCTION open_months(date, integer), open_months(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_months(integer) TO holdem_wallet;

DO $$
DECLARE
    first date;
BEGIN
    SELECT least(min(booked_at), now())::date INTO first FROM (
        SELECT min(booked_at) AS booked_at FROM transfer_before
        UNION ALL SELECT min(booked_at) FROM hand_before) AS booked;
    PERFORM open_months(coalesce(first, now()::date) - 1, 3);
END
$$;

INSERT INTO hand SELECT hand_id, table_id, hand_no, previous, started_at, booked_at, rake, money_hash, record,
    record_sha256 FROM hand_before;
INSERT INTO hand_result SELECT hand_id, user_id, seat, net, contributed_rake, booked_at
    FROM hand_result_before JOIN hand_before USING (hand_id);
INSERT INTO transfer SELECT id, kind, command_id, shard, batch, hand_id, reason, booked_at FROM transfer_before;
INSERT INTO entry SELECT transfer_id, account_id, amount, balance_after, version, booked_at
    FROM entry_before JOIN transfer_before ON transfer_before.id = transfer_id;
DROP TABLE entry_before, transfer_before, hand_result_before, hand_before;
DROP FUNCTION check_transfers_sum_to_zero();

CREATE SEQUENCE transfer_number AS bigint OWNED BY transfer.id;
SELECT setval('transfer_number', coalesce(max(id), 0) + 1, false) FROM transfer;
ALTER TABLE transfer ALTER COLUMN id SET DEFAULT nextval('transfer_number');

ALTER TABLE hand ADD PRIMARY KEY (hand_id, booked_at);
CREATE INDEX hand_started ON hand (table_id, started_at DESC);
-- A player's hands by time. Those of one hand are found by its time: rows lie in that order, so a summary of block
-- ranges does for an index by hand, which would be the widest and, as ids of hands are random, the dearest to keep.
ALTER TABLE hand_result ADD PRIMARY KEY (user_id, booked_at, hand_id);
CREATE INDEX hand_result_time ON hand_result USING brin (booked_at) WITH (pages_per_range = 16);
ALTER TABLE transfer ADD PRIMARY KEY (id, booked_at);
ALTER TABLE transfer ADD CONSTRAINT transfer_command_key UNIQUE (command_id, booked_at);
CREATE INDEX transfer_batch ON transfer (shard, batch);
CREATE INDEX transfer_hand ON transfer (hand_id) WHERE hand_id IS NOT NULL;
CREATE INDEX transfer_cash_out ON transfer (shard, booked_at) WHERE kind = 'cash_out';
-- A player's postings by time, and each account's in the order they were made: along an account both are one order.
ALTER TABLE entry ADD PRIMARY KEY (account_id, booked_at, version);
ALTER TABLE entry ADD CONSTRAINT entry_transfer_key UNIQUE (transfer_id, account_id, booked_at);

-- All postings of a transfer go in by one INSERT; so one look at what a statement inserted is enough.
CREATE FUNCTION check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT transfer_id INTO wrong FROM inserted GROUP BY transfer_id HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of transfer % do not sum to zero', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_sums_to_zero';
    END IF;
    SELECT transfer_id INTO wrong FROM (SELECT DISTINCT transfer_id, booked_at FROM inserted) AS posted
    WHERE NOT EXISTS (SELECT FROM transfer
                      WHERE transfer.id = posted.transfer_id AND transfer.booked_at = posted.booked_at) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no transfer %', wrong
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'entry_has_transfer';
    END IF;
    SELECT account_id INTO wrong FROM (SELECT DISTINCT account_id FROM inserted) AS posted
    WHERE NOT EXISTS (SELECT FROM account WHERE id = posted.account_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no account %', wrong
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'entry_has_account';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entries_are_whole AFTER INSERT ON entry
    REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION check_entries();

-- Nobody changes what is booked, the owner of the tables included; a month is dropped as a whole.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hand_result
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batch
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- By the tables' names only: nobody may insert into a partition past the trigger.
GRANT SELECT, INSERT ON hand, hand_result, transfer, entry TO holdem_wallet;
GRANT USAGE ON SEQUENCE transfer_number TO holdem_wallet;
