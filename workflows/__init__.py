"""The durable shell: waits, feeds events to the rules, carries out their effects."""
