# syntax=docker/dockerfile:1
#
# Personae for API and worker alike; the command decides which. It was never built on the machines
# where Personae is developed, which have no container engine: `tests/unit/test_compose.py` checks
# what can be checked by reading it.
#
#   docker build -t personae .
#   docker run --init -p 8000:8000 -v personae:/data personae            # the whole service
#   docker run --init … personae api        docker run --init … personae worker
#
# The models, 25 MB, are fetched while building, so that no container needs
# the network for them. MODELS=0 leaves them out: put them into /models then.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/personae
ENV PATH=/opt/personae/bin:$PATH
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install .
ARG MODELS=1
ENV PERSONAE_MODELS_DIR=/models
RUN mkdir -p /models && if [ "$MODELS" = 1 ]; then personae models pull; fi

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Personae" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 personae \
 && useradd --uid 10001 --gid personae --home-dir /data --shell /usr/sbin/nologin personae \
 && install -d -o personae -g personae /data
COPY --from=build /opt/personae /opt/personae
COPY --from=build /models /models
ENV PATH=/opt/personae/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PERSONAE_MODELS_DIR=/models \
    PERSONAE_DATA_DIR=/data \
    PERSONAE_HOST=0.0.0.0 \
    PERSONAE_PORT=8000
# As a number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# For containers that answer HTTP; a worker's container switches it off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['PERSONAE_PORT']}/readyz\", timeout=4)"]
ENTRYPOINT ["personae"]
CMD ["serve"]
