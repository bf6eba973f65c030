# One image for every process; docker-compose.yml chooses which one runs.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=build --chown=node:node /app/package.json ./
COPY --from=build --chown=node:node /app/node_modules ./node_modules
COPY --from=build --chown=node:node /app/bin ./bin
COPY --from=build --chown=node:node /app/dist ./dist
COPY --from=build --chown=node:node /app/schema ./schema
COPY --from=build --chown=node:node /app/subgraphs ./subgraphs
# What is run inside other systems: the extension that a Vendure needs.
COPY --from=build --chown=node:node /app/systems ./systems
COPY --from=build --chown=node:node /app/supergraph.yaml ./
COPY --from=build --chown=node:node /app/config ./config
COPY --from=build --chown=node:node /app/data ./data
USER node
# Room for what many requests hold at once: without it the collector moves it about.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/app/gateway.js"]
