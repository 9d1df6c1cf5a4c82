"""Starts ``cardroom.local.payments.main``."""

from cardroom.local.payments.main import main

if __name__ == "__main__":
    main()
