"""An agency's year, played in memory through the same pure process as real filings.

`habits` says how people behave, `shell` plays one filing, `desk` is the reviewers' queue, `run`
joins them, `report` reads off what operations would see. See `docs/simulation.md`.
"""
