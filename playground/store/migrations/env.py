"""Run by Alembic; `playground.store.schema.upgrade` passes the connection and owns its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
