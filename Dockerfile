# An image with nothing in it but Cardea. docs/container.md says how to run it.

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags=-s -o /out/cardea ./cmd/cardea
# A new volume gets owner and mode of the folder in the image. cardea restore - needs /tmp.
RUN mkdir -m 0700 /out/data && mkdir -m 1777 /out/tmp

FROM scratch
# For TLS to mail servers.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/cardea /cardea
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/tmp /tmp
ENV CARDEA_LISTEN=:5000 CARDEA_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 5000
HEALTHCHECK --start-period=30s --timeout=10s CMD ["/cardea", "health"]
ENTRYPOINT ["/cardea"]
CMD ["serve"]
