# room-streams as an image. Without a command it is a worker; `docker run room-streams room-streams --help` is the command line. Holds the
# built product and its production packages; the embedded servers of `npm start` stay outside.
FROM node:22.23.2-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM packages AS build
# Optional packages are the embedded engine, half a gigabyte, and compilers that plain JavaScript does not need.
RUN npm ci --omit=optional
COPY tsconfig.json tsconfig.build.json ./
COPY local/build.mjs local/
COPY workflows workflows
COPY measurements measurements
COPY document document
COPY secrets secrets
COPY store store
COPY clickhouse clickhouse
COPY streams streams
COPY activities activities
COPY config config
COPY temporal temporal
COPY worker worker
COPY client client
COPY history history
COPY importers importers
COPY recorder recorder
RUN npm run build

FROM packages AS production
RUN npm ci --omit=dev --omit=optional

FROM node:22.23.2-bookworm-slim
# Temporal's client, written in Rust, trusts the system's authorities, and the slim image has none.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE* ./
COPY bin bin
RUN ln -s /app/bin/room-streams.mjs /usr/local/bin/room-streams
USER node
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["node", "dist/worker/health.js"]
CMD ["node", "dist/worker/main.js"]
