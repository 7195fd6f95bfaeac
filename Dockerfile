# Any Debian-like image with Python 3.11 or newer and its venv module will do as BASE.
# Only the first stage runs commands, so that the image is put together without a shell.
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS build
# For a build whose way to the package index has a certificate authority of its own.
ARG SSL_CERT_FILE
ARG PIP_CERT
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python3 -m venv /build \
 && python3 -m venv --without-pip /opt/ukc-certificate-exporter \
 && /build/bin/pip install --quiet --no-cache-dir --require-hashes --no-deps -r requirements/build.txt \
 && /build/bin/pip --python /opt/ukc-certificate-exporter install --quiet --no-cache-dir \
    --no-compile --require-hashes --no-deps -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY alerts alerts
COPY dashboards dashboards
COPY deploy/kubernetes deploy/kubernetes
COPY deploy/systemd deploy/systemd
COPY docs/runbook.md docs/
COPY exporter exporter
ARG VERSION
# The label below repeats the version; a build that gives another one ends here.
# Bytecode that is not checked against its source is the same in every build, and starts as fast
# on a read-only root.
RUN /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
 && /build/bin/pip --python /opt/ukc-certificate-exporter install --quiet --no-index --no-deps \
    --no-compile /dist/*.whl \
 && built="$(/opt/ukc-certificate-exporter/bin/ukc-certificate-exporter --version)" \
 && test "${built}" = "ukc-certificate-exporter ${VERSION:-${built##* }}" \
 && find /opt/ukc-certificate-exporter -name __pycache__ -prune -exec rm -r {} + \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/ukc-certificate-exporter/lib

# hadolint ignore=DL3006
FROM ${BASE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="ukc-certificate-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the TLS certificates of Unikraft Cloud custom domains." \
      org.opencontainers.image.source="https://github.com/unikraft-cloud/certificate-exporter" \
      org.opencontainers.image.documentation="https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/install.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/ukc-certificate-exporter /opt/ukc-certificate-exporter
ENV PYTHONDONTWRITEBYTECODE=1
# By number, for `runAsNonRoot` cannot look a name up.
USER 65532:65532
EXPOSE 10843
ENTRYPOINT ["/opt/ukc-certificate-exporter/bin/ukc-certificate-exporter"]
CMD ["serve"]
