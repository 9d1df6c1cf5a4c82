-- Deposits that wait stand nowhere else: players' money must not go with a table.
DO $$
BEGIN
    IF EXISTS (SELECT FROM held_deposit WHERE released_at IS NULL) THEN
        RAISE EXCEPTION 'deposits are held: they have to be released first';
    END IF;
END
$$;
GRANT UPDATE (self_excluded_until) ON player TO holdem_wallet;
REVOKE UPDATE (self_excluded_until) ON player FROM holdem_router;
DROP INDEX entry_sittings;
DROP INDEX outside_payment_deposits;
DROP TABLE held_deposit;
DROP TRIGGER exclusion_stands ON player;
DROP FUNCTION check_exclusion();
DROP INDEX player_with_terms;
ALTER TABLE player DROP COLUMN has_terms;
DROP TABLE player_term;
