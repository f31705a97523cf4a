# forewarn in a container: built with the locked dependencies, run without root, writes to /data alone.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY deploy/build.lock deploy/requirements.lock ./
# Two environments: what builds the wheel never reaches the image that runs. Wheels alone, so nothing is compiled.
RUN python3 -m venv tools \
    && tools/bin/pip install --require-hashes --only-binary :all: -r build.lock \
    && python3 -m venv --without-pip /opt/forewarn \
    && tools/bin/pip --python /opt/forewarn/bin/python install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY configs configs
COPY models models
COPY bot bot
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && tools/bin/pip --python /opt/forewarn/bin/python install --no-deps --no-index dist/*.whl
COPY deploy/sbom.sh deploy/
RUN PATH=$PWD/tools/bin:$PATH deploy/sbom.sh /opt/forewarn/bin/python /opt/forewarn/sbom.cdx.json

FROM ${BASE}
LABEL org.opencontainers.image.title="forewarn" \
      org.opencontainers.image.description="Know the tone of a voice message before you press play: a self-hosted Telegram bot." \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin forewarn \
    && install --directory --owner forewarn --group forewarn --mode 0700 /data
COPY --from=build /opt/forewarn /opt/forewarn
ENV PATH=/opt/forewarn/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FOREWARN_DATA_DIR=/data \
    HF_HOME=/data/hub \
    HF_HUB_DISABLE_TELEMETRY=1 \
    FOREWARN_METRICS_LISTEN=127.0.0.1:9100
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# With http.client, for urllib would ask the proxy that HTTP_PROXY may name.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/forewarn/bin/python", "-c", "from http.client import HTTPConnection as C; from os import environ; c = C(environ['FOREWARN_METRICS_LISTEN'], timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["forewarn"]
CMD ["run"]
