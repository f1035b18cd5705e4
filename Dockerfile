# One image for web, worker and the commands. Pictures, and SQLite where it is used, live in the volume /data.

FROM python:3.13-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.txt requirements-s3.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    -r /tmp/requirements.txt -r /tmp/requirements-s3.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STUDIO_HOST=0.0.0.0 \
    STUDIO_PORT=8000 \
    STUDIO_DATA_DIR=/data \
    STUDIO_STATIC_DIR=/opt/static
# A number known beforehand, for the owner of folders that are mounted from outside.
RUN useradd --uid 10001 --user-group --create-home studio && install -d -o studio -g studio /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/studio
COPY . .
RUN python -m compileall -q gallery imagestudio \
    && SECRET_KEY=unused STUDIO_DATA_DIR=/tmp/none python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/none
USER studio
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"STUDIO_PORT\"]}/healthz', timeout=4)"]
# Everything in one container, for a small team on SQLite; compose.yaml takes the parts apart.
CMD ["python", "manage.py", "studio"]
