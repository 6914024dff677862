# The playground in a container: the page is built in one stage, the packages are installed in another, and what runs
# has no Node, no compiler and no package that it does not need. docs/deploy.md says how it is meant to be run. Python is the version of the tests.
ARG PYTHON=3.11

FROM node:24-slim AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --loglevel=error
COPY vite.config.ts vite.standalone.ts tsconfig.json ./
COPY templates/standalone.html templates/
COPY playground/worker/data playground/worker/data
COPY static/src static/src
RUN node node_modules/vite/bin/vite.js build --logLevel=warn

FROM python:${PYTHON}-slim AS packages
COPY requirements/run.txt requirements/fleet.txt /
RUN python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary=:all: -r /run.txt -r /fleet.txt \
 && python -m compileall -q /venv

FROM python:${PYTHON}-slim
# A number, because a platform that asks for an unprivileged user cannot look a name up. The folder is the volume's
# owner and mode when it is first mounted.
RUN install -d -o 10001 -g 10001 -m 700 /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/playground.sqlite3 \
    PORT=8000
WORKDIR /app
COPY --from=packages /venv /venv
COPY app.py gunicorn.conf.py ./
COPY engine engine
COPY playground playground
COPY templates templates
COPY --from=page /app/static/dist static/dist
# Here, since nothing can be written where it runs; unchecked, since nothing changes there either.
RUN python -m compileall -q --invalidation-mode unchecked-hash .
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s --interval=30s --timeout=5s \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz/live', timeout=4)"]
# The Procfile's `web`; gunicorn listens on PORT of all addresses.
CMD ["gunicorn", "app:create_app()"]
