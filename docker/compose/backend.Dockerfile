# The backends of the example: Python's web server, and a WebSocket echo.
FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends openssl python3-websockets \
  && rm -rf /var/lib/apt/lists/*
COPY compose/backend /app
CMD ["/app/chat.py"]
