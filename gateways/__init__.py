"""Everything outside: registry, authority, notices, materials, calendar, Temporal. Implements the ports."""
