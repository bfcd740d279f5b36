"""Alembic's environment: runs on the connection that `gateways.migrate` hands over.

The connection comes with its transaction already begun and locked, so that all steps of an
upgrade are applied together or not at all. There is no offline mode and no `alembic.ini`.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
