-- What players have asked to be held to. Rows are only added; the newest of a player and kind says all: `before` holds
-- until `begins_at`, `value` from then on, NULL is none. What is tighter begins when it is asked for. Amounts are won.
-- The kind `exclusion` is the history of what stands in `player.self_excluded_until`; its value is unix milliseconds.
CREATE TABLE player_term (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   bigint NOT NULL REFERENCES player,
    kind      text NOT NULL CHECK (kind IN (
        'deposit_day', 'deposit_week', 'deposit_month', 'loss_day', 'loss_week', 'loss_month',
        'session_minutes', 'reality_check_minutes', 'exclusion')),
    value     bigint CHECK (value BETWEEN 0 AND 1000000000000000),
    before    bigint CHECK (before BETWEEN 0 AND 1000000000000000),
    asked_at  timestamptz NOT NULL,
    begins_at timestamptz NOT NULL,
    set_by    text NOT NULL CHECK (length(set_by) BETWEEN 1 AND 80),
    reason    text CHECK (length(reason) BETWEEN 1 AND 200),
    CONSTRAINT player_term_begins CHECK (begins_at >= asked_at)
);
CREATE INDEX player_term_newest ON player_term (user_id, kind, id DESC);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON player_term
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whether a look into player_term is worth while: for who has never asked for anything, the ledger does not.
ALTER TABLE player ADD COLUMN has_terms boolean NOT NULL DEFAULT false;
UPDATE player SET has_terms = true WHERE self_excluded_until > now();
CREATE INDEX player_with_terms ON player (id) WHERE has_terms;

-- Nobody ends a self-exclusion, or makes it shorter, before its time; the owner of the tables neither.
CREATE FUNCTION check_exclusion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.self_excluded_until > clock_timestamp()
       AND (NEW.self_excluded_until IS NULL OR NEW.self_excluded_until < OLD.self_excluded_until) THEN
        RAISE EXCEPTION 'the self-exclusion of player % stands', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'exclusion_stands';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER exclusion_stands BEFORE UPDATE OF self_excluded_until ON player
    FOR EACH ROW EXECUTE FUNCTION check_exclusion();

-- Coins that have come in over a player's limit. They cannot be refused, and are in no wallet until the limit lets
-- them in or an administrator does; then the payment stands among the others.
CREATE TABLE held_deposit (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       bigint NOT NULL REFERENCES player,
    coin          text NOT NULL CHECK (coin ~ '^[A-Z0-9-]{2,16}$'),
    address       text NOT NULL CHECK (length(address) BETWEEN 1 AND 128),
    krw_amount    bigint NOT NULL CHECK (krw_amount BETWEEN 1 AND 1000000000000000),
    coin_amount   numeric(38, 0) NOT NULL CHECK (coin_amount > 0),
    coin_scale    smallint NOT NULL CHECK (coin_scale BETWEEN 0 AND 18),
    rate          bigint NOT NULL CHECK (rate > 0),
    tx_hash       text NOT NULL CHECK (tx_hash ~ '^[0-9a-f]{64}$'),
    output_number integer NOT NULL CHECK (output_number >= 0),
    held_at       timestamptz NOT NULL DEFAULT now(),
    released_at   timestamptz,
    released_by   text CHECK (length(released_by) BETWEEN 1 AND 64),
    payment_id    bigint UNIQUE REFERENCES outside_payment,
    CONSTRAINT held_deposit_key UNIQUE (coin, tx_hash, output_number),
    CONSTRAINT held_deposit_is_released_whole CHECK (num_nulls(released_at, released_by, payment_id) IN (0, 3))
);
CREATE INDEX held_deposit_waiting ON held_deposit (id) WHERE released_at IS NULL;
CREATE INDEX held_deposit_of_player ON held_deposit (user_id, id DESC) WHERE released_at IS NULL;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON held_deposit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What came in for a player within a time.
CREATE INDEX outside_payment_deposits ON outside_payment (user_id, completed_at) WHERE direction = 'deposit';

-- Where money comes to an empty seat and where a seat is empty again: of a player's seats a few rows a day, among
-- hundreds of hands. Building it stops bookings for its time.
CREATE INDEX entry_sittings ON entry (account_id, booked_at) WHERE balance_after = 0 OR balance_after = amount;

GRANT SELECT, INSERT ON player_term TO holdem_router;
GRANT UPDATE (has_terms, self_excluded_until) ON player TO holdem_router;
GRANT SELECT ON player_term TO holdem_wallet;
GRANT SELECT (has_terms) ON player TO holdem_wallet;
REVOKE UPDATE (self_excluded_until) ON player FROM holdem_wallet;
GRANT SELECT, INSERT ON held_deposit TO holdem_wallet;
GRANT UPDATE (released_at, released_by, payment_id) ON held_deposit TO holdem_wallet;
