# A container that segments: the installed package, LibTorch beside it, and no compiler.
#
#   npm run package                                    makes invseg-native-<version>.tgz
#   docker build -t invseg .                           for the CPU
#   docker build -t invseg:cuda --build-arg DEVICE=cuda .
#   docker run --rm -v "$PWD:/work" invseg segment photo.jpg --categories "cat,sofa" --model model
#
# An index of your own: docker build --secret id=pip,src=$HOME/.config/pip/pip.conf (docs/setup.md). The secret is in no layer.
ARG NODE=22

# --- The package and LibTorch; what builds them stays here -------------------------------------------------------------
FROM node:${NODE}-bookworm AS build
# cpu or cuda
ARG DEVICE=cpu
RUN apt-get update && apt-get install --yes --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY invseg-native-*.tgz ./package.tgz
RUN npm init --yes && npm install --omit=dev --no-audit --no-fund ./package.tgz && rm package.tgz
ENV INVSEG_CACHE=/opt/invseg
RUN --mount=type=secret,id=pip,target=/etc/pip.conf npx --no-install invseg setup --${DEVICE} && rm -rf /opt/invseg/logs

# --- What runs ----------------------------------------------------------------------------------------------------------
FROM node:${NODE}-bookworm-slim
ENV NODE_ENV=production INVSEG_CACHE=/opt/invseg PATH=/app/node_modules/.bin:${PATH}
# LibTorch is the largest layer and changes least.
COPY --from=build /opt/invseg /opt/invseg
COPY --from=build /app /app
RUN install --directory --owner=node --group=node /work
USER node
WORKDIR /work
HEALTHCHECK --interval=5m --timeout=2m --start-period=30s CMD ["invseg", "doctor", "--json"]
ENTRYPOINT ["invseg"]
CMD ["--help"]
