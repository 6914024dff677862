"""Runs on other machines: web processes and Celery workers that meet in Redis. Used only if ``REDIS_URL`` is set."""
