# Sluice: the gateway, and the simulated fleet (dist/simulators/main.js). docs/deployment.md says how to run it.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY bin ./bin
COPY src ./src
COPY simulators ./simulators
# What takes the types out of the sources is not needed to run them.
# The image carries the list of all that is in it: dist/sbom.cdx.json.
RUN node bin/build.js && node bin/sbom.js && rm -rf node_modules/@swc

FROM node:24.21.0-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
# All files belong to root: the program can read its own files and cannot change them.
COPY package.json LICENSE sluice.example.yaml ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY src/web ./src/web
COPY src/profiles ./src/profiles
COPY bin/sluice.js ./bin/
COPY deploy/sluice/default.yaml /etc/sluice/sluice.yaml
# The only folder that the program writes to. A named volume takes owner and mode from here.
RUN install -d -o 1000 -g 1000 -m 0700 /var/lib/sluice
VOLUME /var/lib/sluice
# The user "node" of the base image, as a number: a cluster can then see that it is not root.
USER 1000:1000
EXPOSE 1883 8083 8080
# This asks port 8080: keep http.port of the configuration at 8080.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# In exec form the program is process 1 and receives SIGTERM itself. It stops within 8 s.
STOPSIGNAL SIGTERM
CMD ["node", "bin/sluice.js", "start", "-c", "/etc/sluice/sluice.yaml"]
