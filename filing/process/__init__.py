"""The process: a stage table, and one total, pure function from state and event to state and effects."""
