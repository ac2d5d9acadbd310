# Plain Dockerfile syntax on purpose: docker (with or without BuildKit), podman and buildah all build it.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# A package index other than the default one of pip, without credentials. pip takes an empty one as none.
ARG PIP_INDEX_URL=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Two environments: the one that ships holds neither pip nor the build backend.
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/casavi-mock

# The locked packages come before the sources, so that a change of the sources keeps this layer.
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN /opt/build/bin/pip --python /opt/casavi-mock/bin/python install --no-compile --only-binary :all: --require-hashes -r requirements/runtime.txt \
 && /opt/build/bin/pip install --only-binary :all: --require-hashes -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY mock_server mock_server/
COPY contracts contracts/
COPY fixtures fixtures/
COPY pytest-plugin pytest-plugin/
RUN /opt/build/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/build/bin/pip --python /opt/casavi-mock/bin/python install --no-compile --no-deps --no-index /tmp/wheel/*.whl \
 && /opt/casavi-mock/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/casavi-mock/lib


FROM ${BASE}
# python:*-slim ships the standard library without bytecode, and a user without rights on a read-only root can
# write none: every start and every health check would compile it anew.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      -x '/(ensurepip|idlelib|pydoc_data|site-packages|dist-packages|test|tkinter|turtledemo)/' \
      "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

COPY --from=build /opt/casavi-mock /opt/casavi-mock
# For --state. A new volume takes over whose folder it is; the group is for platforms that choose a user of their own.
RUN mkdir -m 0770 /state && chown 10001:0 /state

# No CASAVI_MOCK_PORT here: it would beat the PORT that a platform sets.
ENV PATH=/opt/casavi-mock/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CASAVI_MOCK_HOST=0.0.0.0

USER 10001:10001
EXPOSE 4227

HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --retries=3 CMD ["casavi-mock", "health"]
ENTRYPOINT ["casavi-mock"]
CMD ["serve"]

# Last, so that a new version number costs no layer but its own.
ARG VERSION=local
ARG SOURCE=
LABEL org.opencontainers.image.title="casavi-mock" \
      org.opencontainers.image.description="A mock of the casavi Manager API, and the kit that proves the mock and a client right against it" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}"
