-- Payments from and to the outside, for ever: so this table is not parted by months, and a transaction of a chain is
-- known here however long ago it came. Amounts of coins are in their smallest units: one coin is 10^coin_scale of
-- them, and `rate` is whole won for one coin. A hash is 64 small hexadecimal digits, so that one transaction has one
-- way to be written.
CREATE TABLE outside_payment (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    direction     text NOT NULL CHECK (direction IN ('deposit', 'withdrawal')),
    user_id       bigint NOT NULL REFERENCES player,
    coin          text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    address       text NOT NULL CHECK (length(address) BETWEEN 1 AND 128),
    krw_amount    bigint NOT NULL CHECK (krw_amount BETWEEN 1 AND 1000000000000000),
    coin_amount   numeric(38, 0) CHECK (coin_amount > 0),
    coin_scale    smallint CHECK (coin_scale BETWEEN 0 AND 18),
    rate          bigint CHECK (rate > 0),
    tx_hash       text CHECK (tx_hash ~ '^[0-9a-f]{64}$'),
    output_number integer CHECK (output_number >= 0),
    status        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    completed_at  timestamptz,
    CONSTRAINT outside_payment_status CHECK (
        CASE direction
            WHEN 'deposit' THEN status = 'credited'
            ELSE status IN ('held', 'released', 'paid')
        END),
    CONSTRAINT outside_payment_is_whole CHECK (
        num_nulls(coin_amount, coin_scale, rate, tx_hash) = CASE WHEN status IN ('credited', 'paid') THEN 0 ELSE 4 END
        AND (output_number IS NOT NULL) = (direction = 'deposit')
        AND (completed_at IS NULL) = (status = 'held'))
);
CREATE UNIQUE INDEX outside_deposit_key ON outside_payment (coin, tx_hash, output_number)
    WHERE direction = 'deposit';
CREATE UNIQUE INDEX outside_withdrawal_key ON outside_payment (coin, tx_hash)
    WHERE direction = 'withdrawal';
CREATE INDEX outside_payment_user ON outside_payment (user_id, id DESC);
CREATE INDEX outside_payment_held ON outside_payment (id) WHERE status = 'held';

-- Which transfer moved the money of which payment; each step of a payment moved it once.
CREATE TABLE payment_transfer (
    transfer_id bigint PRIMARY KEY,
    payment_id  bigint NOT NULL REFERENCES outside_payment,
    step        text NOT NULL CHECK (step IN ('credited', 'held', 'released', 'paid', 'rounding')),
    CONSTRAINT payment_transfer_step_key UNIQUE (payment_id, step)
);

-- A withdrawal begins held and ends once: released or paid. What is written is not written again.
CREATE FUNCTION check_payment_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.direction = 'withdrawal' AND NEW.status <> 'held' THEN
        RAISE EXCEPTION 'a withdrawal begins held, not %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outside_payment_step';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.status <> 'held' OR NEW.status NOT IN ('released', 'paid')) THEN
        RAISE EXCEPTION 'payment % is %: it cannot become %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'outside_payment_step';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER outside_payment_step BEFORE INSERT OR UPDATE ON outside_payment
    FOR EACH ROW EXECUTE FUNCTION check_payment_step();

-- What administrators have ordered. Rows are only added.
CREATE TABLE admin_action (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    admin     text NOT NULL CHECK (length(admin) BETWEEN 1 AND 64),
    action    text NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    subject   text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
    reason    text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    key       text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    answer    jsonb NOT NULL,
    done_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT admin_action_key UNIQUE (admin, action, key)
);
CREATE INDEX admin_action_subject ON admin_action (subject, id DESC);

-- A correction by two administrators: one proposes, another approves, and then `debit` has given to `credit`.
CREATE TABLE adjustment (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debit           text NOT NULL CHECK (length(debit) BETWEEN 1 AND 64),
    credit          text NOT NULL CHECK (length(credit) BETWEEN 1 AND 64),
    amount          bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    reason          text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    proposed_by     text NOT NULL CHECK (length(proposed_by) BETWEEN 1 AND 64),
    proposed_at     timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'rejected')),
    decided_by      text CHECK (length(decided_by) BETWEEN 1 AND 64),
    decided_at      timestamptz,
    decision_reason text CHECK (length(decision_reason) BETWEEN 1 AND 200),
    transfer_id     bigint UNIQUE,
    CONSTRAINT adjustment_moves CHECK (debit <> credit),
    CONSTRAINT adjustment_lasts CHECK (expires_at > proposed_at),
    CONSTRAINT adjustment_is_decided_whole CHECK (
        num_nulls(decided_by, decided_at, decision_reason) = CASE state WHEN 'proposed' THEN 3 ELSE 0 END
        AND (transfer_id IS NOT NULL) = (state = 'approved')),
    CONSTRAINT adjustment_has_four_eyes CHECK (state <> 'approved' OR decided_by <> proposed_by),
    CONSTRAINT adjustment_is_decided_in_time CHECK (state <> 'approved' OR decided_at < expires_at)
);
CREATE INDEX adjustment_undecided ON adjustment (id DESC) WHERE state = 'proposed';

CREATE FUNCTION check_adjustment_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'an adjustment begins proposed, not %', NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_step';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'proposed' OR NEW.state = 'proposed') THEN
        RAISE EXCEPTION 'adjustment % is %: it cannot become %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_step';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER adjustment_step BEFORE INSERT OR UPDATE ON adjustment
    FOR EACH ROW EXECUTE FUNCTION check_adjustment_step();

-- Nobody takes back what was ordered or paid, the owner of the tables included.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON outside_payment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Everything is frozen while `frozen_at` stands in the only row.
CREATE TABLE house_freeze (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    frozen_at   timestamptz,
    frozen_by   text CHECK (length(frozen_by) BETWEEN 1 AND 64),
    reason      text CHECK (length(reason) BETWEEN 1 AND 200),
    CONSTRAINT house_freeze_is_whole CHECK (num_nulls(frozen_at, frozen_by, reason) IN (0, 3))
);
INSERT INTO house_freeze DEFAULT VALUES;

-- Who may bring money to a table or take it out of the house.
CREATE VIEW player_standing AS
SELECT id,
       frozen_at IS NOT NULL OR EXISTS (SELECT FROM house_freeze WHERE house_freeze.frozen_at IS NOT NULL) AS is_frozen,
       coalesce(self_excluded_until > now(), false) AS is_self_excluded
FROM player;

GRANT SELECT, INSERT ON outside_payment, payment_transfer, admin_action, adjustment TO holdem_wallet;
GRANT SELECT ON house_freeze, player_standing TO holdem_wallet;
GRANT UPDATE (status, completed_at, coin_amount, coin_scale, rate, tx_hash) ON outside_payment TO holdem_wallet;
GRANT UPDATE (state, decided_by, decided_at, decision_reason, transfer_id) ON adjustment TO holdem_wallet;
GRANT UPDATE (frozen_at, frozen_by, reason) ON house_freeze TO holdem_wallet;

-- Reports over a period read its months by time. Rows come in the order of their time, so such an index is a few
-- pages and costs a booking next to nothing.
CREATE INDEX transfer_booked ON transfer USING brin (booked_at);
CREATE INDEX entry_booked ON entry USING brin (booked_at);

-- The same names as before; what only payments by coin have is told now. An amount of coins is in whole coins, exact.
CREATE OR REPLACE VIEW wallet_transactions AS
SELECT entry.transfer_id AS id, account.user_id, account.kind::text AS account, transfer.kind::text AS kind,
       entry.amount, entry.balance_after AS krw_balance_after,
       payment.coin,
       trim_scale(payment.coin_amount::numeric * 10::numeric ^ (-payment.coin_scale)::numeric) AS coin_amount,
       payment.tx_hash, payment.address, payment.rate::numeric AS rate,
       transfer.reason, transfer.hand_id, transfer.command_id, entry.version,
       entry_integrity_hash(batch.mac, entry.transfer_id, entry.account_id, entry.version) AS integrity_hash,
       entry.booked_at AS created_at,
       CASE WHEN payment.id IS NULL THEN entry.booked_at ELSE payment.completed_at END AS completed_at
FROM entry
JOIN account ON account.id = entry.account_id
JOIN transfer ON transfer.id = entry.transfer_id AND transfer.booked_at = entry.booked_at
LEFT JOIN batch ON batch.shard = transfer.shard AND batch.number = transfer.batch
LEFT JOIN payment_transfer ON payment_transfer.transfer_id = entry.transfer_id
LEFT JOIN outside_payment AS payment ON payment.id = payment_transfer.payment_id
WHERE account.kind IN ('wallet', 'pending_withdrawal');
