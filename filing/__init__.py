"""The rules of mini-program filings: pure functions and models, no I/O, no clock, no Temporal."""
