# 网监数仓 Wangjian: the images of docker-compose.yml.
# Bases are arguments: a data centre names its own copies. All packages come from wheels/, checked by hash; a build needs no network.
ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm
ARG NGINX_IMAGE=nginx:1.28.0-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS python
ENV LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_INDEX=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_FIND_LINKS=/wheels \
    PIP_DISABLE_PIP_VERSION_CHECK=1
# one group for all: who may read the published file is in it
RUN groupadd --gid 10001 wangjian \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin wangjian \
    && useradd --uid 10002 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin superset

# ---- what is installed -------------------------------------------------------------------------------------------------------------------
FROM python AS server-packages
RUN --mount=type=bind,source=wheels,target=/wheels \
    --mount=type=bind,source=requirements,target=/requirements \
    python3 -m venv /opt/wangjian \
    && /opt/wangjian/bin/pip install --no-deps --require-hashes -r /requirements/server.lock \
    && echo /app/include > "$(/opt/wangjian/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/wangjian.pth"

FROM python AS superset-packages
RUN --mount=type=bind,source=wheels,target=/wheels \
    --mount=type=bind,source=requirements,target=/requirements \
    python3 -m venv /opt/superset \
    # what comes as source only is built by the locked builder
    && awk '/^[^ ]/ { wanted = /^setuptools==/ } wanted' /requirements/superset.lock > /tmp/builder.lock \
    && /opt/superset/bin/pip install --no-deps --require-hashes -r /tmp/builder.lock \
    && /opt/superset/bin/pip install --no-deps --require-hashes --no-build-isolation -r /requirements/superset.lock

# ---- Airflow and the warehouse -----------------------------------------------------------------------------------------------------------
FROM python AS runtime
ENV PATH=/app/deploy/bin:/opt/wangjian/bin:$PATH \
    WANGJIAN_HOME=/app \
    WANGJIAN_DATA=/data \
    HOME=/airflow \
    AIRFLOW_HOME=/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DEFAULT_TIMEZONE=Asia/Shanghai \
    AIRFLOW__CORE__AUTH_MANAGER=airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager
# a volume takes owner and mode of what the image has in its place
RUN install -d -o wangjian -g wangjian -m 0700 /airflow /airflow/logs /data \
    && install -d -o wangjian -g wangjian -m 0750 /data/published /data/docs /sources \
    && install -d -o superset -g wangjian -m 0770 /superset
COPY --from=server-packages /opt/wangjian /opt/wangjian
COPY requirements /app/requirements
COPY deploy/bin /app/deploy/bin
COPY dashboards /app/dashboards
COPY expectations /app/expectations
COPY dbt_project /app/dbt_project
COPY dags /app/dags
COPY include/wangjian /app/include/wangjian
WORKDIR /app
USER 10001:10001
CMD ["wangjian", "--help"]

# ---- stand-ins for the three systems: never needed in production ---------------------------------------------------------------------------
FROM runtime AS simulator
COPY include/simulator /app/include/simulator

# ---- dashboards --------------------------------------------------------------------------------------------------------------------------
FROM python AS superset
# a folder's name is no secret
# hadolint ignore=DL3064
ENV PATH=/opt/superset/bin:$PATH \
    HOME=/superset \
    SUPERSET_HOME=/superset \
    WANGJIAN_SUPERSET_HOME=/superset \
    WANGJIAN_SUPERSET_SECRETS=/run/secrets \
    SUPERSET_CONFIG_PATH=/app/dashboards/superset/superset_config.py \
    FLASK_APP=superset.app:create_app() \
    SCARF_ANALYTICS=false
RUN install -d -o superset -g wangjian -m 0770 /superset \
    && install -d -o wangjian -g wangjian -m 0750 /data /data/published
COPY --from=superset-packages /opt/superset /opt/superset
COPY deploy/superset/start /app/deploy/superset/start
COPY dashboards/superset /app/dashboards/superset
WORKDIR /superset
USER 10002:10001
CMD ["/app/deploy/superset/start"]

# ---- TLS before everything ---------------------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${NGINX_IMAGE} AS nginx
COPY deploy/nginx/nginx.conf deploy/nginx/start /etc/nginx/
# nginx by itself, and the group that the site's files are for
USER 101:10001
ENTRYPOINT []
CMD ["/etc/nginx/start"]
