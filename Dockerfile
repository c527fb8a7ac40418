# syntax=docker/dockerfile:1
# The portal in one image: web, workers and commands differ by what deploy/entrypoint.sh is told.
ARG PYTHON=3.13.9-slim-bookworm

# 1. What is installed from packages, all of it pinned by its hash, into an environment without pip.
FROM python:${PYTHON} AS packages
ARG REQUIREMENTS=requirements.txt
WORKDIR /build
COPY requirements.txt requirements-s3.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --only-binary :all: --require-hashes \
        --requirement "${REQUIREMENTS}"

# 2. Static files, named by their content; these values are used for that and forgotten.
FROM python:${PYTHON} AS static
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /portal
COPY . .
RUN PORTAL_ENV=production PORTAL_DATA_DIR=/tmp/data PORTAL_BASE_URL=https://build.invalid \
    PORTAL_SECRET_KEY=used-while-this-image-is-built-and-never-when-it-runs-00 \
    python manage.py collectstatic --no-input --skip-checks

# 3. What runs.
FROM python:${PYTHON}
# The newest git that this Debian has is the one to take: it fetches from strangers.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 portal \
    && install --directory --owner=portal --mode=0755 /data
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /portal
COPY --from=packages /opt/venv /opt/venv
COPY --from=static /portal /portal
ENV PORTAL_ENV=production PORTAL_DATA_DIR=/data
USER 1000:1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["deploy/entrypoint.sh", "healthy"]
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["web"]
