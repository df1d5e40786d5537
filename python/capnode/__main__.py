"""`python -m capnode` is the command `capnode`."""

from __future__ import annotations

from capnode.cli import main

if __name__ == "__main__":
    main()
