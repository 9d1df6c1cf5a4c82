-- What lies around the ledger's outside_payment, which stays the only word on booked money: the ways in and out, and
-- how far each payment has come. Amounts of coins are in smallest units, prices are won for one whole coin.

-- Where a player pays to, one address per coin. The row is written before the gateway is asked, so that an answer
-- that is lost is asked for again under the same external_id. The gateway is asked what came to it at next_look_at,
-- soon after it was wanted and ever less often: so a message that was lost is made good.
CREATE TABLE deposit_address (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES player,
    coin        text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    gateway     text NOT NULL CHECK (gateway ~ '^[a-z0-9_]{1,32}$'),
    external_id text NOT NULL UNIQUE CHECK (length(external_id) BETWEEN 1 AND 64),
    gateway_ref text CHECK (length(gateway_ref) BETWEEN 1 AND 128),
    address     text CHECK (length(address) BETWEEN 1 AND 128),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    given_at    timestamptz,
    retired_at  timestamptz,
    wanted_at   timestamptz NOT NULL DEFAULT now(),
    next_look_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deposit_address_is_given_whole CHECK ((address IS NULL) = (given_at IS NULL)),
    CONSTRAINT deposit_address_key UNIQUE (coin, address)
);
CREATE UNIQUE INDEX deposit_address_of_player ON deposit_address (user_id, coin) WHERE retired_at IS NULL;
CREATE INDEX deposit_address_by_address ON deposit_address (address);
CREATE INDEX deposit_address_look ON deposit_address (gateway, next_look_at) WHERE address IS NOT NULL;

-- An output of a transaction that pays one of our addresses, from when it is first seen. What it is (coin, hash,
-- output, address, amount) never changes; how far it is does. Without user_id it is nobody's yet. told_at is the
-- time stamp of the newest message about it: an older one that comes late says nothing.
CREATE TABLE chain_deposit (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway       text NOT NULL CHECK (gateway ~ '^[a-z0-9_]{1,32}$'),
    coin          text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    tx_hash       text NOT NULL CHECK (tx_hash ~ '^[0-9a-f]{64}$'),
    output_number integer NOT NULL CHECK (output_number >= 0),
    address       text NOT NULL CHECK (length(address) BETWEEN 1 AND 128),
    external_id   text CHECK (length(external_id) BETWEEN 1 AND 64),
    user_id       bigint REFERENCES player,
    coin_amount   numeric(38, 0) NOT NULL CHECK (coin_amount > 0),
    coin_scale    smallint NOT NULL CHECK (coin_scale BETWEEN 0 AND 18),
    confirmations integer NOT NULL DEFAULT 0 CHECK (confirmations >= 0),
    needed        integer NOT NULL CHECK (needed >= 0),
    state         text NOT NULL CHECK (state IN
                      ('confirming', 'confirmed', 'credited', 'held', 'review', 'unmatched', 'gone', 'refused')),
    reason        text CHECK (length(reason) BETWEEN 1 AND 64),
    alarm         text CHECK (length(alarm) BETWEEN 1 AND 64),
    originator    jsonb,
    payment_id    bigint UNIQUE REFERENCES outside_payment,
    held_id       bigint UNIQUE REFERENCES held_deposit,
    is_cleared    boolean NOT NULL DEFAULT false,
    tries         integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    seen_at       timestamptz NOT NULL DEFAULT now(),
    told_at       timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    confirmed_at  timestamptz,
    next_try_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chain_deposit_key UNIQUE (coin, tx_hash, output_number),
    CONSTRAINT chain_deposit_has_owner CHECK (user_id IS NOT NULL OR state IN ('unmatched', 'refused', 'gone')),
    CONSTRAINT chain_deposit_is_booked CHECK ((payment_id IS NOT NULL) = (state = 'credited'))
);
CREATE INDEX chain_deposit_due ON chain_deposit (next_try_at) WHERE state IN ('confirming', 'confirmed', 'held');
CREATE INDEX chain_deposit_of_player ON chain_deposit (user_id, id DESC);
CREATE INDEX chain_deposit_by_state ON chain_deposit (state, id DESC);
CREATE INDEX chain_deposit_at_address ON chain_deposit (address);
CREATE INDEX chain_deposit_alarms ON chain_deposit (id DESC) WHERE alarm IS NOT NULL;

-- alarm says what was told of a deposit after it was booked, or against what was told before; it stays.
-- is_cleared: an administrator has looked at what the screening or the look-up found, and it may be credited.
CREATE FUNCTION check_chain_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.coin, OLD.tx_hash, OLD.output_number, OLD.address, OLD.coin_amount, OLD.coin_scale, OLD.gateway)
       IS DISTINCT FROM
       (NEW.coin, NEW.tx_hash, NEW.output_number, NEW.address, NEW.coin_amount, NEW.coin_scale, NEW.gateway) THEN
        RAISE EXCEPTION 'deposit % is what it is', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_deposit_step';
    END IF;
    IF OLD.state = 'credited' AND NEW.state <> 'credited' THEN
        RAISE EXCEPTION 'deposit % is credited: it cannot become %', OLD.id, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_deposit_step';
    END IF;
    IF OLD.user_id IS NOT NULL AND OLD.user_id IS DISTINCT FROM NEW.user_id THEN
        RAISE EXCEPTION 'deposit % is player %s', OLD.id, OLD.user_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_deposit_step';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER chain_deposit_step BEFORE UPDATE ON chain_deposit
    FOR EACH ROW EXECUTE FUNCTION check_chain_deposit();

-- Gateways' messages that were taken, by the SHA-256 of signature and body; older ones than the time stamps allow go.
CREATE TABLE webhook_delivery (
    digest   bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    gateway  text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_delivery_age ON webhook_delivery (taken_at);

-- Addresses that a player may have coins sent to, from usable_at on; whose they are, for the travel rule.
CREATE TABLE payout_address (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     bigint NOT NULL REFERENCES player,
    coin        text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    address     text NOT NULL CHECK (length(address) BETWEEN 1 AND 128),
    label       text NOT NULL CHECK (length(label) <= 64),
    is_own      boolean NOT NULL,
    beneficiary text CHECK (length(beneficiary) BETWEEN 1 AND 128),
    exchange    text CHECK (length(exchange) BETWEEN 1 AND 128),
    added_at    timestamptz NOT NULL DEFAULT now(),
    usable_at   timestamptz NOT NULL,
    removed_at  timestamptz
);
CREATE UNIQUE INDEX payout_address_key ON payout_address (user_id, coin, address) WHERE removed_at IS NULL;
CREATE INDEX payout_address_of_player ON payout_address (user_id, id DESC);

-- How far a withdrawal is; its money is where outside_payment says. coin_amount, coin_scale and rate are fixed before
-- anything is sent. flags say why two administrators must look at it; doubts, how often it has become doubtful.
CREATE TABLE withdrawal (
    payment_id         bigint PRIMARY KEY REFERENCES outside_payment,
    user_id            bigint NOT NULL REFERENCES player,
    coin               text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    gateway            text NOT NULL CHECK (gateway ~ '^[a-z0-9_]{1,32}$'),
    payout_address_id  bigint NOT NULL REFERENCES payout_address,
    krw_amount         bigint NOT NULL CHECK (krw_amount > 0),
    state              text NOT NULL DEFAULT 'waiting' CHECK (state IN
                           ('waiting', 'review', 'approved', 'sending', 'sent', 'doubtful',
                            'confirmed', 'failed', 'cancelled', 'rejected')),
    reason             text CHECK (length(reason) BETWEEN 1 AND 200),
    flags              text[] NOT NULL DEFAULT '{}',
    quoted_coin_amount numeric(38, 0) CHECK (quoted_coin_amount > 0),
    quoted_rate        bigint CHECK (quoted_rate > 0),
    travel_rule        jsonb NOT NULL,
    requested_at       timestamptz NOT NULL DEFAULT now(),
    ready_at           timestamptz NOT NULL,
    approved_at        timestamptz,
    approved_by        text CHECK (approved_by IN ('limit', 'administrators')),
    coin_amount        numeric(38, 0) CHECK (coin_amount > 0),
    coin_scale         smallint CHECK (coin_scale BETWEEN 0 AND 18),
    rate               bigint CHECK (rate > 0),
    attempt            integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    sender             text CHECK (length(sender) BETWEEN 1 AND 64),
    sending_at         timestamptz,
    doubts             integer NOT NULL DEFAULT 0 CHECK (doubts >= 0),
    task_id            text CHECK (length(task_id) BETWEEN 1 AND 128),
    tx_hash            text CHECK (tx_hash ~ '^[0-9a-f]{64}$'),
    tries              integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_try_at        timestamptz NOT NULL DEFAULT now(),
    ended_at           timestamptz,
    CONSTRAINT withdrawal_is_sent_whole CHECK (
        num_nulls(coin_amount, coin_scale, rate) IN (0, 3)
        AND (state NOT IN ('sending', 'sent', 'doubtful', 'confirmed') OR coin_amount IS NOT NULL)),
    CONSTRAINT withdrawal_is_approved CHECK (
        (approved_at IS NULL) = (approved_by IS NULL)
        AND (state NOT IN ('approved', 'sending', 'sent', 'doubtful', 'confirmed') OR approved_at IS NOT NULL)),
    CONSTRAINT withdrawal_is_ended CHECK (
        (ended_at IS NOT NULL) = (state IN ('confirmed', 'failed', 'cancelled', 'rejected')))
);
CREATE INDEX withdrawal_of_player ON withdrawal (user_id, payment_id DESC);
CREATE INDEX withdrawal_by_state ON withdrawal (state, payment_id DESC);
CREATE INDEX withdrawal_due ON withdrawal (next_try_at)
    WHERE state IN ('waiting', 'approved', 'sending', 'sent', 'doubtful');
CREATE INDEX withdrawal_requested ON withdrawal (requested_at);
CREATE INDEX withdrawal_sent ON withdrawal (coin, sending_at) WHERE sending_at IS NOT NULL;

CREATE FUNCTION check_withdrawal_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('waiting', 'review') THEN
            RAISE EXCEPTION 'a withdrawal begins waiting, not %', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_step';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> NEW.state AND NOT (
        CASE OLD.state
            WHEN 'waiting' THEN NEW.state IN ('review', 'approved', 'cancelled', 'rejected')
            WHEN 'review' THEN NEW.state IN ('approved', 'cancelled', 'rejected')
            WHEN 'approved' THEN NEW.state IN ('review', 'sending', 'cancelled', 'rejected')
            WHEN 'sending' THEN NEW.state IN ('approved', 'sent', 'doubtful', 'confirmed', 'failed')
            WHEN 'sent' THEN NEW.state IN ('doubtful', 'confirmed', 'failed')
            WHEN 'doubtful' THEN NEW.state IN ('approved', 'sending', 'sent', 'confirmed', 'failed')
            ELSE false
        END) THEN
        RAISE EXCEPTION 'withdrawal % is %: it cannot become %', OLD.payment_id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_step';
    END IF;
    IF (OLD.payment_id, OLD.user_id, OLD.coin, OLD.gateway, OLD.payout_address_id, OLD.krw_amount)
       IS DISTINCT FROM
       (NEW.payment_id, NEW.user_id, NEW.coin, NEW.gateway, NEW.payout_address_id, NEW.krw_amount) THEN
        RAISE EXCEPTION 'withdrawal % is what it is', OLD.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawal_step';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER withdrawal_step BEFORE INSERT OR UPDATE ON withdrawal
    FOR EACH ROW EXECUTE FUNCTION check_withdrawal_step();

-- What administrators said of a withdrawal: two different ones approve, one rejects. A vote is for as many flags as
-- stood then: when there are more, it counts no longer, and the same administrator may vote again.
CREATE TABLE withdrawal_vote (
    payment_id  bigint NOT NULL REFERENCES withdrawal,
    admin       text NOT NULL CHECK (length(admin) BETWEEN 1 AND 64),
    is_approval boolean NOT NULL,
    flag_count  integer NOT NULL CHECK (flag_count >= 0),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    voted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, admin, flag_count, is_approval)
);

-- What administrators said of an attempt to send: that nothing was paid, and whether it is sent again or given back.
-- A word is about the doubt that stood then: when the attempt has gone on since, it counts no longer.
CREATE TABLE not_paid_word (
    payment_id  bigint NOT NULL REFERENCES withdrawal,
    attempt     integer NOT NULL CHECK (attempt >= 1),
    doubt       integer NOT NULL CHECK (doubt >= 0),
    admin       text NOT NULL CHECK (length(admin) BETWEEN 1 AND 64),
    sends_again boolean NOT NULL,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    said_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, attempt, doubt, admin, sends_again)
);

-- What gateways told of payouts against what is known here, each thing once: it changes nothing, and people must look.
-- attempt, tx_hash and coin_amount are as they were told; no transaction is '', no amount 0.
CREATE TABLE payout_alarm (
    payment_id  bigint NOT NULL REFERENCES withdrawal,
    attempt     integer NOT NULL CHECK (attempt >= 0),
    kind        text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    tx_hash     text NOT NULL CHECK (tx_hash ~ '^([0-9a-f]{64})?$'),
    coin_amount numeric(38, 0) NOT NULL,
    state       text NOT NULL,
    told_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, attempt, kind, tx_hash, coin_amount)
);

-- The last price that money was converted at, and whether conversion is stopped until somebody has looked.
CREATE TABLE coin_rate (
    coin           text PRIMARY KEY CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    price          numeric(40, 18) CHECK (price > 0),
    source         text CHECK (length(source) BETWEEN 1 AND 64),
    used_at        timestamptz,
    stopped_at     timestamptz,
    stopped_reason text CHECK (length(stopped_reason) BETWEEN 1 AND 200),
    stopped_price  numeric(40, 18) CHECK (stopped_price > 0),
    CONSTRAINT coin_rate_is_used_whole CHECK (num_nulls(price, source, used_at) IN (0, 3)),
    CONSTRAINT coin_rate_is_stopped_whole CHECK ((stopped_at IS NULL) = (stopped_reason IS NULL))
);

-- What a gateway had and what it should have had, per coin. business_day is that of the daily one, null of others.
-- arriving and on_the_way may be there or gone already: a difference between them says nothing. counted_by is who
-- counted, where it was not the gateway that said what it has.
CREATE TABLE gateway_reconciliation (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_day date,
    gateway      text NOT NULL,
    coin         text NOT NULL,
    credited     numeric(38, 0) NOT NULL,
    paid         numeric(38, 0) NOT NULL,
    held         numeric(38, 0) NOT NULL,
    uncredited   numeric(38, 0) NOT NULL,
    arriving     numeric(38, 0) NOT NULL,
    on_the_way   numeric(38, 0) NOT NULL,
    coin_scale   smallint NOT NULL CHECK (coin_scale BETWEEN 0 AND 18),
    expected     numeric(38, 0) NOT NULL,
    found        numeric(38, 0),
    difference   numeric(38, 0),
    trouble      text CHECK (length(trouble) BETWEEN 1 AND 200),
    counted_by   text CHECK (length(counted_by) BETWEEN 1 AND 64),
    made_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT gateway_reconciliation_is_whole CHECK (
        num_nulls(found, difference) IN (0, 2) AND (found IS NULL) = (trouble IS NOT NULL))
);
CREATE UNIQUE INDEX gateway_reconciliation_day ON gateway_reconciliation (business_day, gateway, coin)
    WHERE business_day IS NOT NULL;
CREATE INDEX gateway_reconciliation_newest ON gateway_reconciliation (gateway, coin, id DESC);

-- Jobs that are done once a day, by whichever worker is first.
CREATE TABLE job_run (
    job          text NOT NULL CHECK (length(job) BETWEEN 1 AND 64),
    business_day date NOT NULL,
    worker       text NOT NULL CHECK (length(worker) BETWEEN 1 AND 128),
    began_at     timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    PRIMARY KEY (job, business_day)
);

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON deposit_address
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON chain_deposit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON payout_address
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawal_vote
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON not_paid_word
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_alarm
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway_reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON deposit_address, chain_deposit, webhook_delivery, payout_address, withdrawal, withdrawal_vote,
                        not_paid_word, payout_alarm, coin_rate, gateway_reconciliation, job_run TO holdem_wallet;
GRANT UPDATE (gateway_ref, address, given_at, retired_at, wanted_at, next_look_at) ON deposit_address TO holdem_wallet;
GRANT UPDATE (user_id, confirmations, needed, state, reason, alarm, originator, payment_id, held_id, is_cleared, tries,
              told_at, changed_at, confirmed_at, next_try_at) ON chain_deposit TO holdem_wallet;
GRANT DELETE ON webhook_delivery TO holdem_wallet;
GRANT UPDATE (removed_at) ON payout_address TO holdem_wallet;
GRANT UPDATE (state, reason, flags, approved_at, approved_by, coin_amount, coin_scale, rate, attempt, sender, sending_at,
              doubts, task_id, tx_hash, tries, next_try_at, ended_at) ON withdrawal TO holdem_wallet;
GRANT UPDATE (price, source, used_at, stopped_at, stopped_reason, stopped_price) ON coin_rate TO holdem_wallet;
GRANT UPDATE (worker, began_at, done_at) ON job_run TO holdem_wallet;
