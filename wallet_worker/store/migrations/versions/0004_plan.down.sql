DROP VIEW users, rooms, tables, hands, hand_events, sessions, wallet_transactions;
DROP FUNCTION entry_integrity_hash(bytea, bigint, bigint, bigint);
DROP TABLE hand_event_progress, hand_event;
DROP TYPE hand_street;
DROP FUNCTION find_session(bytea);
DROP TABLE session;
DROP INDEX game_table_room;
ALTER TABLE game_table DROP COLUMN room_id;
DROP TABLE room;
REVOKE SELECT (id, nickname, email, created_at, frozen_at, self_excluded_until) ON player FROM holdem_wallet;
GRANT SELECT ON player TO holdem_wallet;

CREATE OR REPLACE FUNCTION open_months(first date, ahead integer) RETURNS void LANGUAGE plpgsql
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
