# Sluice: the gateway, and the simulated fleet (dist/simulators/main.js). docs/deployment.md says how to run it.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY simulators ./simulators
# Source maps and the compiler's notes are not read at run time.
RUN npm run build && find dist -name '*.map' -delete && rm -f dist/.tsbuildinfo

FROM node:20.20.2-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# All of it belongs to root: the program can read its own files and change none.
COPY package.json LICENSE sluice.example.yaml ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY src/ops/page ./src/ops/page
COPY bin ./bin
COPY deploy/sluice/default.yaml /etc/sluice/sluice.yaml
# The only place it writes. A named volume takes over owner and mode from here.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/sluice
VOLUME /var/lib/sluice
# "node" of the base image; as a number, so that a cluster can see that it is not root.
USER 1000:1000
EXPOSE 1883 8083 8080
# fetch follows http.port of the configuration only if that stays 8080.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: the program is process 1 and gets SIGTERM itself. It stops within 8 s.
STOPSIGNAL SIGTERM
CMD ["node", "bin/sluice.js", "start", "-c", "/etc/sluice/sluice.yaml"]
