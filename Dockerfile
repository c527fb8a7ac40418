FROM python:3.13-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 portal \
    && install --directory --owner=portal --mode=0755 /data

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /portal
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .

# Static files are named by their content; these values are used for that and forgotten.
RUN PORTAL_ENV=production PORTAL_DATA_DIR=/tmp/data PORTAL_BASE_URL=https://build.invalid \
    PORTAL_SECRET_KEY=used-while-this-image-is-built-and-never-when-it-runs-00 \
    python manage.py collectstatic --no-input

ENV PORTAL_ENV=production PORTAL_DATA_DIR=/data
USER portal
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "mageos_portal.wsgi:application"]
