-- What is booked stays booked; what was known about it beside the ledger goes.
DROP INDEX transfer_booked, entry_booked;
DROP VIEW player_standing;
DROP TABLE house_freeze, adjustment, admin_action, payment_transfer, outside_payment;
DROP FUNCTION check_payment_step(), check_adjustment_step();
