DROP TABLE job_run, gateway_reconciliation, coin_rate, payout_alarm, not_paid_word, withdrawal_vote, withdrawal, payout_address, webhook_delivery,
           chain_deposit, deposit_address;
DROP FUNCTION check_withdrawal_step();
DROP FUNCTION check_chain_deposit();
