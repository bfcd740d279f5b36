"""The embedded stack: Temporal server, PostgreSQL, sandbox, mail catcher, worker under one roof."""
